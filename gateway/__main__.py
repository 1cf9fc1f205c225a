"""`python -m gateway` is `financial-os`."""

import sys

from gateway.cli import main

sys.exit(main())

"""Financial OS: one daemon that reads, checks, settles and translates payments.

`FinancialCore` is the same engine without doors, for use inside another program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.core import FinancialCore, Refused, Result

__all__ = ["FinancialCore", "Refused", "Result"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the command's small subcommands need not load the whole engine.
    if name in __all__:
        from gateway import core

        return getattr(core, name)
    raise AttributeError(f"module 'gateway' has no attribute {name!r}")

"""FIX: orders in, execution reports out, and the session engine that carries both.

frame       a stream of bytes cut into messages            versions    what differs between FIX versions
message     one message split into fields; times           dictionary  QuickFIX XML dictionaries
validate    does a message say what its dictionary allows? session     the state machine of one session
outgoing    numbers, headers, resend                       rejects     what a wrong message is answered
acceptor    many sessions behind one address
orders      NewOrderSingle to Order                        reports     outcomes to ExecutionReport and rejects
business    other messages to records; fields, posttrade   telling     what trading says, in each version's words
refused     what could not be read, answered its way       codec       all of it as a format
"""

from gateway.formats.fix.codec import FORMAT

__all__ = ["FORMAT"]

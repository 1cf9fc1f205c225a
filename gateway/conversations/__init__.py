"""What is said about payments: one module a subject, each a class with one batch's records.

conversations  which record goes where
states         the life of a payment, as a table
finding        which payment a message is about, and who may speak about it
saying         what is sent to the other side
moneyback      returns, reversals and late rejections: the money goes back the way it came
ach_returns    returns of ACH entries of ours, dishonored and contested ones, notifications of change
ach_originals  which entry those are about
ach_entries    ACH entries that came to us and go back: by hand, or when their deadline comes
reports        what the receiving side says of a payment that was sent to it
recalls        requests to give a payment back, their answers, and what people decide
asking         what people begin: recalls, returns and questions of our own
requests       questions about the status of a payment
instants       payments against the clock
limits         until when a scheme allows what
"""

from gateway.conversations.conversations import Conversations

__all__ = ["Conversations"]

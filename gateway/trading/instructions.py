"""Standing settlement instructions: given by a session for an account (T), and told again when asked for (AV)."""

from __future__ import annotations

import msgspec

from gateway.entries import Entries
from gateway.model import Refusal, Status
from gateway.model.trading import InstructionList, InstructionRequest, SettlementInstruction
from gateway.planning import Source
from gateway.settlement.book import INSTRUCTIONS_MAX


class Instructions:
    """The settlement instructions of one batch; those in force are in the book, as rows whose status is ACSP."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.book = entries.state.book

    def take(self, id: int, instruction: SettlementInstruction, source: Source) -> Status:
        """Put an instruction in force in place of the account's earlier one, or out of force."""
        instruction = msgspec.structs.replace(instruction, session=source.session, endpoint=source.endpoint)
        of = self.book.instructions.setdefault((source.endpoint, source.session), {})
        refused = self._refused(instruction, of)
        if refused is not None:
            status = Status("RJCT", instruction, id, refused.reason, refused.text, refused.code, instruction.place)
            self.entries.keep(id, source.message, instruction, None, status)
            return status
        earlier = of.pop(instruction.account, None)
        if earlier is not None:
            self.entries.change(earlier[0], "CANC", source.message, text=f"{instruction.kind} by payment {id}")
        code = "ACTC"
        if instruction.kind != "cancel":
            code = "ACSP"
            self.book.stand(id, instruction)
        status = Status(code, instruction, id, place=instruction.place, told=())
        self.entries.keep(id, source.message, instruction, None, status)
        return status

    @staticmethod
    def _refused(
        instruction: SettlementInstruction, of: dict[str, tuple[int, SettlementInstruction]]
    ) -> Refusal | None:
        if instruction.kind == "cancel" and instruction.account not in of:
            text = "no instruction stands for this account"
            return Refusal("unknown-instruction", "NARR", instruction.place, text, instruction.id)
        if instruction.kind != "cancel" and len(of) >= INSTRUCTIONS_MAX and instruction.account not in of:
            text = f"at most {INSTRUCTIONS_MAX} accounts of a session have instructions"
            return Refusal("too-many-instructions", "AM02", instruction.place, text, instruction.id)
        return None

    def request(self, id: int, request: InstructionRequest, source: Source) -> Status:
        """What stands for an account, or for all."""
        of = self.book.instructions.get((source.endpoint, source.session), {})
        found = tuple(one for _, one in of.values() if request.account in ("", one.account))
        told = InstructionList(request.id, f"T{id}", found)
        status = Status("ACTC", request, id, place=request.place, told=(told,))
        self.entries.keep(id, source.message, request, None, status)
        return status

"""The library: rules loaded once, any number of messages decided, and delivered where wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyfilter.agent import decide
from pyfilter.engine.plan import Plan
from pyfilter.engine.questions import Facts
from pyfilter.engine.trace import explain
from pyfilter.language import files
from pyfilter.language.compiling import Compiled, compile_files, compile_sources
from pyfilter.language.diagnostics import Diagnostic, render
from pyfilter.language.program import Program
from pyfilter.language.tree import File, Source
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.status import DELIVERED, Outcome

if TYPE_CHECKING:
    from pyfilter.agent import Answer
    from pyfilter.language.trials import Trial
    from pyfilter.trials import Tried

__all__ = ["Decision", "Rules", "RulesError"]


class RulesError(Exception):
    """Rules that cannot be used. ``diagnostics``: every problem in them; empty where a file is missing,
    unreadable or not to be trusted, and then the text says which and what to do."""

    def __init__(self, text: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(text)
        self.diagnostics = list(diagnostics)


class Decision(Plan):
    """The Plan for one message, which it knows: it can be explained and delivered."""

    __slots__ = ("message",)

    def __init__(self, plan: Plan, message: Message) -> None:
        for name in Plan.__slots__:
            setattr(self, name, getattr(plan, name))
        self.message = message

    def explain(self) -> str:
        """What happens, by which rule, and (decided with ``trace``) why each rule did or did not match."""
        return explain(self)

    def deliver(self, home: str | None = None) -> Outcome:
        """Carry the plan out in ``home`` (default: the running user's). Never raises."""
        from pyfilter.delivery.execute import execute

        place = home or os.path.expanduser("~")
        outcome = execute(self, self.message, place)
        if self.remembers and outcome.status is DELIVERED:
            from pyfilter.services.memory import remember

            self.notes += filter(None, [remember(self, self.message, place)])
        return outcome


class Rules:
    """Checked rules. ``diagnostics`` holds the warnings, and what is wrong with `test` blocks; ``files`` the paths in
    the order they are asked; ``trials`` the `test` blocks."""

    def __init__(
        self,
        program: Program,
        diagnostics: Sequence[Diagnostic] = (),
        files: Sequence[str] = (),
        trials: Sequence[Trial] = (),
    ) -> None:
        self.program = program
        self.diagnostics = list(diagnostics)
        self.files = list(files)
        self.trials = list(trials)
        self._trees: list[File] = []
        self._facts: Facts = {}

    @classmethod
    def load(cls, path: str | None = None) -> Rules:
        """The rules in ``path`` (default: ``~/.pyfilterrc``, else ``~/.config/pyfilter/rules``), after
        ``/etc/pyfilterrc`` where there is one. Raises RulesError."""
        chosen = None if path is None else os.path.abspath(os.path.expanduser(path))
        try:
            places = files.candidates(os.path.expanduser("~"), chosen)
            found = [next((name for name in place if files.stamp(name) is not None), None) for place in places]
            if found[-1] is None:
                raise RulesError(f"there is no rule file {' or '.join(places[-1])}: write one, or name one")
            paths = [name for name in found if name is not None]
            return cls._made(compile_files(paths), paths)
        except files.Refused as refused:
            raise RulesError(str(refused)) from None

    @classmethod
    def from_text(cls, text: str, name: str = "<text>") -> Rules:
        """The rules in ``text``; what they include is looked for beside ``name``. Raises RulesError."""
        try:
            return cls._made(compile_sources([Source(name, text)]), [name])
        except files.Refused as refused:
            raise RulesError(str(refused)) from None

    @classmethod
    def _made(cls, compiled: Compiled, paths: list[str]) -> Rules:
        if compiled.program is None:
            text = "\n\n".join(render(problem) for problem in compiled.diagnostics)
            raise RulesError(text, compiled.diagnostics)
        made = cls(compiled.program, compiled.diagnostics, paths, compiled.trials)
        made._trees = compiled.trees
        return made

    def decide(
        self,
        message: Message,
        envelope: Envelope | None = None,
        *,
        trace: bool = True,
        given: Mapping[str, Sequence[str]] | None = None,
        answer: Answer | None = None,
    ) -> Decision:
        """What happens to ``message``; ``envelope`` defaults to what stands in its header.

        ``given``: values of fields in place of what the message or the world says: ``{"spam": ["yes"]}``.
        ``answer``: who is asked in the world's place (agent.decide)."""
        if envelope is None:
            envelope = Envelope.of_archive(message)
        plan = decide(self.program, message, envelope, self._facts, trace=trace, given=given, answer=answer)
        return Decision(plan, message)

    def lint(self, headers: Mapping[str, int] | None = None) -> list[Diagnostic]:
        """Warnings of rules that check and are probably not what was meant; folders are compared with those that
        exist. ``headers``: {name in lower case: in how many messages of the user's it stands}."""
        from pyfilter.delivery.existing import existing
        from pyfilter.delivery.targets import maildir_path
        from pyfilter.language.lint import lint

        settings: Any = self.program["settings"]
        folders = existing(maildir_path(settings["maildir"], os.path.expanduser("~")), settings["layout"])
        return lint(self._trees, folders=folders, headers=headers)

    def test(self) -> list[Tried]:
        """Run the `test` blocks: of each the plan, and what was not as expected."""
        from pyfilter.trials import run

        return list(run(self.program, self.trials))

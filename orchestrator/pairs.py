"""The shipped operations' pairs, for type checkers and readers; a test holds them equal to the declarations."""

from abc import abstractmethod
from typing import Any, ParamSpec, TypeVar, cast, overload

from orchestrator.model.errors import InvalidArgument
from orchestrator.model.recipe import RecipePreview, RecipeResult
from orchestrator.model.scan import ScanResult
from orchestrator.model.self_test import SelfTestKind
from orchestrator.model.suite import SuiteResult
from orchestrator.model.verdict import Verdict
from orchestrator.operations.declare import Operation

P = ParamSpec("P")
R = TypeVar("R")
Name = Operation[..., Any] | str


class Pairs:
    """`name()` opens a job for the operation of that name, `name_result()` gives its answer or raises its error."""

    # fmt: off
    def run_smart_test(self, client_ref: int, slot_id: int, *, kind: SelfTestKind = "short", spans: str | None = None, poll_s: float | None = None, parent: int | None = None) -> int: return self.start("run_smart_test", client_ref, slot_id, parent, kind=kind, spans=spans, poll_s=poll_s)
    def run_smart_test_result(self, job_id: int, timeout: float | None = None) -> bool: return bool(self.result("run_smart_test", job_id, timeout))

    def read_scan(self, client_ref: int, slot_id: int, *, start_lba: int = 0, end_lba: int | None = None, most_bad: int = 10_000, parent: int | None = None) -> int: return self.start("read_scan", client_ref, slot_id, parent, start_lba=start_lba, end_lba=end_lba, most_bad=most_bad)
    def read_scan_result(self, job_id: int, timeout: float | None = None) -> ScanResult: return cast(ScanResult, self.result("read_scan", job_id, timeout))

    def locate(self, client_ref: int, slot_id: int, *, seconds: float = 15.0, parent: int | None = None) -> int: return self.start("locate", client_ref, slot_id, parent, seconds=seconds)
    def locate_result(self, job_id: int, timeout: float | None = None) -> str: return str(self.result("locate", job_id, timeout))

    def read_health(self, client_ref: int, slot_id: int, *, parent: int | None = None) -> int: return self.start("read_health", client_ref, slot_id, parent)
    def read_health_result(self, job_id: int, timeout: float | None = None) -> Verdict: return cast(Verdict, self.result("read_health", job_id, timeout))

    def run_recipe(self, client_ref: int, slot_id: int, *, name: str, parent: int | None = None) -> int: return self.start("run_recipe", client_ref, slot_id, parent, name=name)
    def run_recipe_result(self, job_id: int, timeout: float | None = None) -> RecipeResult: return cast(RecipeResult, self.result("run_recipe", job_id, timeout))

    def preview_recipe(self, client_ref: int, slot_id: int, *, name: str, parent: int | None = None) -> int: return self.start("preview_recipe", client_ref, slot_id, parent, name=name)
    def preview_recipe_result(self, job_id: int, timeout: float | None = None) -> RecipePreview: return cast(RecipePreview, self.result("preview_recipe", job_id, timeout))
    def record_tests(self, client_ref: int, slot_id: int, *, serial: str, results: str, parent: int | None = None) -> int: return self.start("record_tests", client_ref, slot_id, parent, serial=serial, results=results)
    def record_tests_result(self, job_id: int, timeout: float | None = None) -> SuiteResult: return cast(SuiteResult, self.result("record_tests", job_id, timeout))

    def run_pytest(self, client_ref: int, slot_id: int, *, path: str, args: str = "", timeout_s: float = 3600.0, parent: int | None = None) -> int: return self.start("run_pytest", client_ref, slot_id, parent, path=path, args=args, timeout_s=timeout_s)
    def run_pytest_result(self, job_id: int, timeout: float | None = None) -> SuiteResult: return cast(SuiteResult, self.result("run_pytest", job_id, timeout))
    # fmt: on

    @overload
    def start(
        self, operation: str, client_ref: int, slot_id: int, parent: int | None = None, /, **options: Any
    ) -> int: ...
    @overload
    def start(
        self,
        operation: Operation[P, Any],
        client_ref: int,
        slot_id: int,
        parent: int | None = None,
        /,
        *args: P.args,
        **options: P.kwargs,
    ) -> int: ...
    def start(
        self,
        operation: Name,
        client_ref: int,
        slot_id: int,
        parent: int | None = None,
        /,
        *args: Any,
        **options: Any,
    ) -> int:
        """Open a job for any operation, by its declaration or its name; its id, at once.

        Args:
            client_ref: the caller's own number, 64 bits signed; echoed, never interpreted.
            parent: the slot's running job, in whose turn this one is to run.
        Raises:
            UnknownSlot, UnknownOperation, InvalidArgument; SlotEmpty, SlotUnavailable, RackClosed.
            All that concerns the drive is raised by `result`.
        """
        if args:
            raise InvalidArgument("options are given by name")
        return self._start(operation, client_ref, slot_id, parent, options)

    @abstractmethod
    def _start(
        self, operation: Name, client_ref: int, slot_id: int, parent: int | None, options: dict[str, Any]
    ) -> int: ...

    @overload
    def result(self, operation: str, job_id: int, timeout: float | None = None) -> Any: ...
    @overload
    def result(self, operation: Operation[..., R], job_id: int, timeout: float | None = None) -> R: ...
    def result(self, operation: Name, job_id: int, timeout: float | None = None) -> Any:
        """What the synchronous call would have returned or raised. May be asked for as often as you like.

        Args:
            timeout: host seconds to wait for the end; None = for ever, 0 = not at all.
        Raises:
            UnknownJob, then WrongOperation, then JobNotFinished when the time is up.
            The job's own error: a NoAnswer or a Refused.
        """
        return self._result(operation, job_id, timeout)

    @abstractmethod
    def _result(self, operation: Name, job_id: int, timeout: float | None) -> Any: ...

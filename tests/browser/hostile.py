"""What a drive may say of itself: 200 models and serials that run wherever they are not shown as text."""

from dataclasses import replace

from orchestrator import Rack
from orchestrator.model.drive import Drive, Protocol
from orchestrator.model.job import AsyncJob, AsyncJobStatus, JobError
from orchestrator.model.slot import SlotState
from orchestrator.model.verdict import Reason, Verdict, VerdictStatus

_CALLS = ("alert(1)", "document.title='run'", "window.seen.push('run')", "prompt(1)")
_SHAPES = (
    "<script>{}</script>",
    "<img src=x onerror={}>",
    "<svg onload={}>",
    "<svg><script>{}</script></svg>",
    '"><script>{}</script>',
    "'><img src=x onerror={}>",
    '" autofocus onfocus={} x="',
    "' onmouseover='{}",
    "</title><script>{}</script>",
    "</textarea><script>{}</script>",
    "--><script>{}</script><!--",
    "]]><script>{}</script>",
    "</style><script>{}</script>",
    "javascript:{}",
    "data:text/html,<script>{}</script>",
    "{{{{constructor.constructor('{}')()}}}}",
    "{{% print {} %}}",
    "${{{}}}",
    "<iframe srcdoc='<script>{}</script>'>",
    "<math><mi xlink:href=javascript:{}>",
    "<details open ontoggle={}>",
    "<a href=javascript:{}>x</a>",
    "<base href=//evil><script>{}</script>",
    "<meta http-equiv=refresh content='0;javascript:{}'>",
    "<link rel=stylesheet href=data:,{}>",
    "<style>@import 'javascript:{}'</style>",
    "<object data=javascript:{}>",
    "<form action=javascript:{}><button>x",
    "<video><source onerror={}>",
    "<body onload={}>",
    "\x00<script>{}</script>",
    "\x1b]0;{}\x07<b>",
    "\u202e<script>{}</script>",
    "\ufeff+ADw-script+AD4-{}+ADw-/script+AD4-",
    "../../{}?<script>",
    "a/b#c&d=e;{}",
    "%3Cscript%3E{}%3C/script%3E",
    "&lt;script&gt;{}&lt;/script&gt;",
    "<x onclick={} tabindex=1>",
    "<script\n>{}</script\t>",
    "<scr<script>ipt>{}</scr</script>ipt>",
    "<img src=`x` onerror={}>",
    "<svg><animate onbegin={} attributeName=x>",
    "<input value='{}' autofocus onfocus=alert(1)>",
    "<marquee onstart={}>",
    "<template><script>{}</script></template>",
    "'-{}-'",
    '"-{}-"',
    "\\u003cscript\\u003e{}",
    "<noscript><p title='</noscript><script>{}</script>'>",
)
STRINGS = tuple(shape.format(call) for shape in _SHAPES for call in _CALLS)


def drives() -> list[Drive]:
    return [Drive(text, "0123456789abcdef", text[::-1] + text, 10**12, Protocol.ATA) for text in STRINGS]


def poison(rack: Rack) -> None:
    """200 slots whose drives, jobs, verdicts and errors say it, put into the published tables."""
    tables, now = rack._tables, rack._ports.now()
    for job_id, (slot, drive) in enumerate(zip(rack.slots(), drives(), strict=True), 1):
        text = drive.serial
        reason = Reason(text, text, text, text, text)
        job = AsyncJob(job_id, "run_smart_test", 1, slot.id, drive=drive, message=text, reason=text, accepted=now)
        ended = replace(job, started=now, ended=now)
        tables.jobs[job_id] = (
            replace(job, status=AsyncJobStatus.RUNNING, started=now),
            replace(ended, status=AsyncJobStatus.FAILED, error=JobError(text, text, text)),
            replace(ended, status=AsyncJobStatus.COMPLETED, verdict=Verdict(VerdictStatus.FAIL, (reason,))),
        )[job_id % 3]
        tables.answers[job_id] = False
        state = SlotState.CONFLICT if job_id % 5 == 0 else SlotState.READY
        tables.slots[slot.id] = replace(slot, label=text, drive=drive, state=state, reason=text, plan=text)
        tables.labels[slot.id] = text

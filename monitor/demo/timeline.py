"""The timeline with the measured figures, for people."""

from __future__ import annotations

from monitor.demo.figures import Figures


def timeline(figures: Figures) -> str:
    """Return what happened to the bad version, step by step, with figures."""
    steps = [
        (0.0, "v2 goes live, forced past the gate" if figures.gate_refused else "v2 goes live"),
        (figures.to_suspicion_s, "suspicion: its answers differ from v1's"),
        (figures.to_decision_s, "decision: the evidence of harm reached the line"),
        (figures.to_last_replica_s, "the last replica routes to v1"),
        (figures.to_proof_s, "proof: the engine shows v1's fingerprint"),
    ]
    known = sorted((when, what) for when, what in steps if when is not None)
    lines = [f"  {when:7.2f} s  {what}" for when, what in known]
    shares = ", ".join(
        f"{label}: {count} answers, {figures.right[label]:.0%} right"
        for label, count in figures.answers.items()
    )
    return "\n".join(
        [
            "",
            "What happened, in seconds since the bad version went live:",
            *lines,
            "",
            f"  exposure               {figures.exposure} answers by v2",
            f"  last request to v2     {figures.last_request_s * 1000:+.0f} ms from the decision",
            f"  asked of v2 after the last replica had turned: {figures.late}",
            f"  rollbacks of good versions: {figures.false_rollbacks}",
            f"  {shares}",
            f"  alert {', '.join(figures.alert_ids)}",
            "",
            f"  report  {figures.report}",
            f"  page    {figures.page}",
        ]
    )

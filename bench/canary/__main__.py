"""How often canaries err: `python -m bench.canary [--json] [--runs N] [--callers N]`."""

from __future__ import annotations

import time

from bench import output
from bench.canary import runs
from rollback.canary_policy import CanaryPolicy


def main() -> None:
    """Simulate, and print a table or JSON."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--callers", type=int, default=60_000)
    options = parser.parse_args()
    began = time.perf_counter()
    policy = CanaryPolicy()
    rows = [
        runs.row(case, policy, options.runs, options.callers, seed)
        for seed, case in enumerate(runs.cases(policy.margin))
    ]
    output.show(
        "Canaries on gsm8k",
        rows,
        [
            f"Steps {', '.join(f'{step:.0%}' for step in policy.steps)}; margin {policy.margin:g}; "
            f"at least {policy.at_least} callers a step; at most {options.callers:,} callers.",
            f"Promised: a candidate worse by the margin is given more in at most "
            f"{1 / policy.promotion_line:.0%} of canaries, and one that is no worse is withdrawn in "
            f"at most {1 / policy.withdrawal_line:.0%}.",
            "Limits are exact upper 95 % limits.",
            f"All in {time.perf_counter() - began:.0f} s.",
        ],
        options.json,
    )


if __name__ == "__main__":
    main()

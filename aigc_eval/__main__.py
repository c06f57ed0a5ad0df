"""`python -m aigc_eval` is `aigc-eval`."""

from aigc_eval.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

"""`automator` and `python -m automator`."""

from automator.cli.main import main

if __name__ == "__main__":
    main()

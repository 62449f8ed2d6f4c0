"""`python -m jobs` is the same as `borderwatch`."""

from jobs.cli import main

if __name__ == "__main__":
    main()

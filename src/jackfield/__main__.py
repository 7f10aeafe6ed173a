"""`python -m jackfield` is `jackfield`."""

from jackfield.cli import main

if __name__ == "__main__":
    main()

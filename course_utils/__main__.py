"""``python -m course_utils`` prints what this machine has, or the one sentence that says what is wrong."""

import sys

from course_utils.environment import report

if __name__ == "__main__":
    try:
        print(report())
    except ImportError as error:
        sys.exit(str(error))

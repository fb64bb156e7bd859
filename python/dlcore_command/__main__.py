import sys

from dlcore_command import main

sys.exit(main())

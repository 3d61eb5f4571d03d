"""Where the dialect's own requirements are declared."""

from streamchat_conformance.catalogue import Declarations
from streamchat_conformance.judges.judge import Judges

DECLARATIONS = Declarations()
JUDGES = Judges(DECLARATIONS)

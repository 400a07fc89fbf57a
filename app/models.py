"""Every table, imported for Alembic and for foreign keys between rooms."""

from app.access import models as access
from app.db.base import Base
from app.directory import models as directory
from app.library import desk_models as library_desk
from app.library import models as library
from app.library.assets import models as assets
from app.meetings import models as meetings
from app.messaging import models as messaging
from app.my_record import models as my_record
from app.notes import models as notes
from app.organisations.imports import models as roster_imports
from app.platforms import models as platforms
from app.quizzes import models as quizzes
from app.reading import models as reading
from app.records import models as records

ROOMS = (
    access, assets, directory, library, library_desk, meetings, messaging, my_record, notes, platforms, quizzes,
    reading, records, roster_imports,
)  # fmt: skip
METADATA = Base.metadata

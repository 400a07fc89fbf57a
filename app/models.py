"""Every table, imported for Alembic and for foreign keys between rooms."""

import app.access.models
import app.directory.models
import app.library.models
import app.meetings.models
import app.messaging.models
import app.platforms.models
import app.quizzes.models
import app.reading.models
from app.db.base import Base

ALL = tuple(sorted(Base.metadata.tables))

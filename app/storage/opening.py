"""Which store the operator chose."""

from app.settings import Settings
from app.storage.base import Store
from app.storage.local import LocalStore
from app.storage.s3 import open_bucket


def open_store(settings: Settings) -> Store:
    """The bucket of the settings or, where none is named, the folder."""
    return open_bucket(settings) if settings.s3_bucket else LocalStore(settings.media_folder)

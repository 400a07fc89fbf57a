"""Certificates of completion that were issued: what somebody who holds one on paper can check."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id

SAME = ("member_id", "begins_on", "ends_on", "issued_on", "issues_completed", "hundredths")


class Certificate(Base):
    """What a certificate says of a member and a period, both days included, as of the day of issue.

    `number` is random: who does not hold the paper does not guess it. The name is that of the roster.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint("ends_on >= begins_on", name="period"),
        # The same certificate again has the number that it had.
        UniqueConstraint(*SAME, name="uq_certificates_same"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    issues_completed: Mapped[int]
    hundredths: Mapped[int]
    rules: Mapped[str]
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]

"""Jackfield's two hot tables as ORM models."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, JSON, BigInteger, DateTime, FetchedValue, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {str: Text, int: BigInteger, datetime: DateTime(timezone=True)}  # noqa: RUF012


class ApiKey(Base):
    __tablename__ = "api_key"

    organisation_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    capabilities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    digest: Mapped[bytes]


class Integration(Base):
    __tablename__ = "integration"

    organisation_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    name: Mapped[str]
    identifier: Mapped[str]
    unique_identifier: Mapped[str]
    sealed_secrets: Mapped[bytes | None]
    configuration: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # `metadata` is taken: SQLAlchemy keeps its own under that name
    about: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    status: Mapped[str]
    enabled: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[str]
    creator_user: Mapped[str]
    creator_key_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class AuditEntry(Base):
    __tablename__ = "audit_entry"

    organisation_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, server_default=FetchedValue())
    action: Mapped[str]
    key_id: Mapped[int]
    actor: Mapped[str]
    address: Mapped[str]
    request_id: Mapped[str]
    subject_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))

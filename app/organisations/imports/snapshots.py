"""Members as they were before an import and as it left them, in SQL over a row of `members` called `member`."""

SNAPSHOT = """jsonb_build_object(
    'organisation_id', member.organisation_id, 'name', member.name, 'search_text', member.search_text,
    'phone_cipher', encode(member.phone_cipher, 'hex'), 'phone_index', encode(member.phone_index, 'hex'),
    'phone_tail', encode(member.phone_tail, 'hex'), 'stage', member.stage, 'roster', member.roster,
    'exempt_reason', member.exempt_reason, 'birth_month', member.birth_month, 'joined_on', member.joined_on,
    'tags', to_jsonb(member.tags), 'archived_at', member.archived_at, 'placements', (
        SELECT coalesce(jsonb_agg(to_jsonb(place) ORDER BY place.id), '[]')
        FROM placements place WHERE place.member_id = member.id
    )
)"""
# One phone number sealed twice gives two ciphers.
LEFT_AS = f"md5(CAST({SNAPSHOT} - 'phone_cipher' AS text))"
# What a snapshot in `line.before` puts back into the row.
RESTORED = {
    "organisation_id": "CAST(line.before ->> 'organisation_id' AS bigint)",
    **{name: f"line.before ->> '{name}'" for name in ("name", "search_text", "stage", "roster", "exempt_reason")},
    **{name: f"line.before ->> '{name}'" for name in ("birth_month", "joined_on")},
    **{name: f"decode(line.before ->> '{name}', 'hex')" for name in ("phone_cipher", "phone_index", "phone_tail")},
    "tags": "ARRAY(SELECT jsonb_array_elements_text(line.before -> 'tags'))",
}

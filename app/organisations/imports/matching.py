"""The SQL that says which member each line of a roster means: a function of the lines, the answers and the roster.

Set-based over all lines at once. What a cell leaves empty is not compared and deletes nothing.
"""

import json

from sqlalchemy import text

QUESTIONS = (
    "phone_of_another", "same_name", "same_name_and_birth", "shared_phone", "archived_namesake", "same_person_in_file",
)  # fmt: skip
REASONS = {
    "phone_elsewhere": "本次导入的范围之外已有相同的姓名和手机号，请联系上级党组织管理员核对和办理。",
    "same_member_twice": "与{}是同一个人，请删除重复的一行，或改正姓名、手机号。",
    "phone_of_another": "该手机号已登记在另一个姓名下。如是同一个人，请选择；如是家人共用手机，请选“是另一个人”。",
    "same_name": "所在党组织中有同名党员，请确认是不是同一个人。",
    "same_name_and_birth": "其他党组织中有姓名和出生年月都相同的党员，请确认是不是同一个人转入。",
    "shared_phone": "表中另一行的人也用这个手机号。如是家人共用手机，请选“是另一个人”；填错的请改正后重新上传。",
    "archived_namesake": "已归档的党员中有姓名、出生年月都相同的。是同一个人请先恢复再导入；不是则选“是另一个人”。",
    "same_person_in_file": "与{}可能是同一个人。确为另一个人的，请选“是另一个人”；重复的请删除后重新上传。",
    "archived_left_party": "该党员已归档（退党）。如归档有误，请先在“找人”中恢复，再导入。",
    "archived_deceased": "该党员已归档（去世）。如归档有误，请先在“找人”中恢复，再导入。",
    "archived_transferred": "该党员已归档（转出）。如已转回，请先在“找人”中恢复，再导入。",
    "archived_removed": "该党员已归档（除名）。如归档有误，请先在“找人”中恢复，再导入。",
    "archived_duplicate": "该党员已作为重复登记归档。如归档有误，请先在“找人”中恢复，再导入。",
    "archived_other": "该党员已归档。如归档有误，请先在“找人”中恢复，再导入。",
}
REASONS_JSON = json.dumps(REASONS, ensure_ascii=False)

# The columns of a member as the import leaves them. `line` is the line, `member` the member as they are.
NEW_VALUES = {
    "name": "line.name",
    "stage": "coalesce(line.stage, member.stage)",
    "roster": "coalesce(line.roster, member.roster)",
    "exempt_reason": "CASE WHEN line.exempt IS NULL THEN member.exempt_reason "
    "WHEN line.exempt THEN line.exempt_reason END",
    "birth_month": "coalesce(line.birth_month, member.birth_month)",
    # A month says nothing new about a day in it.
    "joined_on": "CASE WHEN starts_with(member.joined_on, line.joined_on) THEN member.joined_on "
    "ELSE coalesce(line.joined_on, member.joined_on) END",
    "tags": "CASE WHEN line.tags = '{}' THEN member.tags ELSE line.tags END",
    "phone_index": "coalesce(line.phone_index, member.phone_index)",
}
SAME = (
    f"({', '.join(f'member.{name}' for name in NEW_VALUES)}, member.organisation_id) IS NOT DISTINCT FROM "
    f"({', '.join(NEW_VALUES.values())}, found.organisation_id)"
)

# Joined as nested loops these would take hours, and nobody analyses a table that was filled a moment ago.
PLAN = (text("SET LOCAL enable_nestloop = off"), text("SET LOCAL work_mem = '32MB'"))
USUAL_PLAN = (text("SET LOCAL enable_nestloop TO DEFAULT"), text("SET LOCAL work_mem TO DEFAULT"))

# The first line further up that may be the same person: of two in a branch who are told apart by nothing, and of two
# anywhere who are of one name and were born in one month.
FURTHER_UP = "ORDER BY line.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
ALIKE = """least(
            CASE WHEN line.birth_month IS NOT NULL THEN min(line.id) OVER born END,
            CASE
                WHEN line.phone_index IS NULL AND line.birth_month IS NULL THEN min(line.id) OVER here
                WHEN line.phone_index IS NULL THEN min(line.id) FILTER (WHERE line.birth_month IS NULL) OVER here
                WHEN line.birth_month IS NULL THEN min(line.id) FILTER (WHERE line.phone_index IS NULL) OVER here
                ELSE min(line.id) FILTER (WHERE line.phone_index IS NULL AND line.birth_month IS NULL) OVER here
            END
        )"""

MATCH = text(f"""
WITH place AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:places AS jsonb)) AS place (
        organisation text, superior text, organisation_id bigint, practice boolean, code text, reason text
    )
),
line AS MATERIALIZED (
    SELECT line.id, line.sheet, line.line, line.name_key, line.birth_month, line.phone_index, line.answered,
        line.answer_member_id, place.organisation_id, place.practice, place.code, place.reason,
        line.phone_index IS NOT NULL AND line.name_key <>
            first_value(line.name_key) OVER (PARTITION BY line.phone_index ORDER BY line.id) AS shares_phone,
        {ALIKE} AS alike
    FROM roster_lines line JOIN place ON (place.organisation, place.superior) = (line.organisation, line.superior)
    WHERE line.import_id = :import_id AND line.readable AND line.kind IS NULL
    WINDOW born AS (PARTITION BY place.practice, line.name_key, line.birth_month {FURTHER_UP}),
        here AS (PARTITION BY place.organisation_id, line.name_key {FURTHER_UP})
),
good AS MATERIALIZED (SELECT * FROM line WHERE code IS NULL),
person AS MATERIALIZED (
    SELECT member.id, member.organisation_id, organisation.practice, member.phone_index, member.birth_month,
        split_part(member.search_text, E'\\n', 2) AS name_key, member.archived_at IS NULL AS living,
        member.archive_reason
    FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
    WHERE starts_with(organisation.path, :root) AND (member.archived_at IS NULL OR member.archived_at > :restorable)
),
by_phone AS MATERIALIZED (
    SELECT line.id AS line_id,
        count(*) FILTER (WHERE person.name_key = line.name_key) AS own,
        min(person.id) FILTER (WHERE person.name_key = line.name_key) AS member_id,
        array_agg(person.id ORDER BY person.id) FILTER (WHERE person.name_key = line.name_key) AS owners,
        array_agg(person.id ORDER BY person.id) FILTER (WHERE person.name_key <> line.name_key) AS others
    FROM good line JOIN person ON person.phone_index = line.phone_index
    WHERE person.living AND person.practice = line.practice
    GROUP BY line.id
),
rest AS MATERIALIZED (
    SELECT line.*, by_phone.others,
        count(*) OVER (PARTITION BY line.organisation_id, line.name_key) AS namesakes,
        count(*) OVER (PARTITION BY line.organisation_id, line.name_key, line.birth_month) AS twins
    FROM good line LEFT JOIN by_phone ON by_phone.line_id = line.id
    WHERE coalesce(by_phone.own, 0) = 0
),
by_name AS MATERIALIZED (
    SELECT line.id AS line_id,
        count(*) AS members,
        count(*) FILTER (WHERE person.birth_month <> line.birth_month) AS contradicting,
        count(*) FILTER (WHERE person.phone_index <> line.phone_index) AS with_other_phone,
        count(*) FILTER (WHERE person.birth_month = line.birth_month) AS born,
        coalesce(min(person.id) FILTER (WHERE person.birth_month = line.birth_month), min(person.id)) AS member_id,
        array_agg(person.id ORDER BY person.id) AS candidates
    FROM rest line JOIN person
        ON person.name_key = line.name_key AND person.organisation_id = line.organisation_id
    LEFT JOIN by_phone ON by_phone.own = 1 AND by_phone.member_id = person.id
    WHERE person.living AND by_phone.line_id IS NULL
    GROUP BY line.id
),
sure AS MATERIALIZED (
    SELECT by_name.line_id, by_name.member_id
    FROM rest line JOIN by_name ON by_name.line_id = line.id
    WHERE (by_name.born = 1 AND line.twins = 1)
        OR (by_name.members = 1 AND by_name.contradicting = 0 AND by_name.with_other_phone = 0 AND line.namesakes = 1)
),
taken AS MATERIALIZED (SELECT member_id FROM by_phone WHERE own = 1 UNION SELECT member_id FROM sure),
elsewhere AS MATERIALIZED (
    SELECT line.id AS line_id, array_agg(person.id ORDER BY person.id) AS candidates
    FROM rest line JOIN person
        ON person.name_key = line.name_key AND person.birth_month = line.birth_month
        AND person.practice = line.practice AND person.organisation_id <> line.organisation_id
    LEFT JOIN taken ON taken.member_id = person.id
    WHERE person.living AND taken.member_id IS NULL
    GROUP BY line.id
),
away AS MATERIALIZED (
    SELECT DISTINCT line.id AS line_id
    FROM rest line JOIN members member
        ON member.phone_index = line.phone_index AND split_part(member.search_text, E'\\n', 2) = line.name_key
    JOIN organisations organisation ON organisation.id = member.organisation_id
    WHERE member.archived_at IS NULL AND NOT starts_with(organisation.path, :root)
        AND organisation.practice = line.practice
        -- Whether somebody is in another tree is nobody's business here.
        AND split_part(organisation.path, '/', 2) = split_part(:root, '/', 2)
),
gone AS MATERIALIZED (
    SELECT line.id AS line_id,
        coalesce(
            min(person.archive_reason) FILTER (WHERE person.phone_index = line.phone_index), min(person.archive_reason)
        ) AS archive_reason,
        bool_or(person.phone_index = line.phone_index) IS TRUE AS by_phone,
        array_agg(person.id ORDER BY person.id) AS candidates
    FROM rest line JOIN person ON person.name_key = line.name_key AND person.practice = line.practice
    WHERE NOT person.living AND (person.phone_index = line.phone_index OR person.birth_month = line.birth_month)
    GROUP BY line.id
),
said AS (
    SELECT line.*, gone.archive_reason, gone.by_phone IS TRUE AS is_gone, gone.candidates AS gone,
        coalesce(sure.member_id, by_phone.member_id) AS sure_id,
        CASE
            WHEN line.code IS NOT NULL THEN line.code
            WHEN by_phone.own = 1 THEN NULL
            WHEN by_phone.own > 1 THEN 'same_name'
            WHEN away.line_id IS NOT NULL THEN 'phone_elsewhere'
            WHEN line.shares_phone THEN 'shared_phone'
            WHEN by_phone.others IS NOT NULL THEN 'phone_of_another'
            WHEN sure.line_id IS NOT NULL THEN NULL
            WHEN by_name.line_id IS NOT NULL THEN 'same_name'
            WHEN elsewhere.line_id IS NOT NULL THEN 'same_name_and_birth'
            WHEN gone.by_phone THEN 'archived_member'
            WHEN gone.line_id IS NOT NULL THEN 'archived_namesake'
            WHEN line.alike IS NOT NULL THEN 'same_person_in_file'
        END AS finding,
        CASE
            WHEN by_phone.own > 1 THEN by_phone.owners
            ELSE coalesce(by_phone.others, '{{}}') || coalesce(by_name.candidates, '{{}}')
                || coalesce(elsewhere.candidates, '{{}}') || coalesce(gone.candidates, '{{}}')
        END AS offered
    FROM line
    LEFT JOIN by_phone ON by_phone.line_id = line.id
    LEFT JOIN by_name ON by_name.line_id = line.id
    LEFT JOIN sure ON sure.line_id = line.id
    LEFT JOIN elsewhere ON elsewhere.line_id = line.id
    LEFT JOIN away ON away.line_id = line.id
    LEFT JOIN gone ON gone.line_id = line.id
),
asked AS (
    SELECT said.*, finding = ANY(:questions) IS TRUE AS is_question,
        (finding = ANY(:questions) AND answered
            AND (answer_member_id IS NULL OR answer_member_id = ANY(offered))) IS TRUE AS is_answered
    FROM said
),
meant AS (
    SELECT asked.*,
        CASE
            WHEN finding IS NULL THEN sure_id
            -- A number of the family says nothing against the one whom the name means for sure.
            WHEN is_answered AND finding IN ('shared_phone', 'phone_of_another')
            THEN coalesce(answer_member_id, sure_id)
            WHEN is_answered THEN answer_member_id
        END AS said_id
    FROM asked
),
-- Whom an answer means, or nobody's being meant, may be somebody who has to be brought back first.
settled_on AS (
    SELECT meant.*,
        (is_answered AND (said_id = ANY(gone) OR (said_id IS NULL AND is_gone))) IS TRUE AS means_gone,
        CASE WHEN said_id = ANY(gone) IS NOT TRUE THEN said_id END AS member_id
    FROM meant
),
numbered AS (
    SELECT settled_on.*, member_id IS NOT NULL AND row_number() OVER same > 1 AS is_second,
        CASE WHEN sheet <> first_value(sheet) OVER same THEN '「' || first_value(sheet) OVER same || '」' ELSE '' END
            || '第 ' || first_value(line) OVER same || ' 行' AS first_line
    FROM settled_on
    WINDOW same AS (PARTITION BY member_id ORDER BY is_answered, id)
),
found AS (
    SELECT numbered.id, numbered.organisation_id, numbered.member_id,
        CASE WHEN is_question THEN finding END AS question,
        CASE WHEN is_question THEN coalesce(offered, '{{}}') ELSE '{{}}' END AS candidates,
        CASE
            WHEN is_second THEN 'same_member_twice'
            WHEN means_gone THEN 'archived_member'
            WHEN NOT is_answered THEN finding
        END AS code,
        CASE
            WHEN is_second THEN replace(CAST(:reasons AS jsonb) ->> 'same_member_twice', '{{}}', first_line)
            WHEN is_answered AND NOT means_gone THEN NULL
            WHEN means_gone OR finding = 'archived_member'
            THEN CAST(:reasons AS jsonb) ->> ('archived_' || coalesce(archive_reason, 'other'))
            WHEN finding = 'same_person_in_file'
            THEN replace(CAST(:reasons AS jsonb) ->> finding, '{{}}', concat(
                CASE WHEN twin.sheet <> numbered.sheet THEN '「' || twin.sheet || '」' END, '第 ', twin.line, ' 行'
            ))
            ELSE coalesce(numbered.reason, CAST(:reasons AS jsonb) ->> finding)
        END AS reason
    FROM numbered LEFT JOIN line twin ON twin.id = numbered.alike
),
settled AS (
    SELECT found.*,
        CASE
            WHEN found.code = ANY(:questions) THEN 'question'
            WHEN found.code IS NOT NULL THEN 'rejected'
            WHEN found.member_id IS NULL THEN 'added'
            WHEN {SAME} THEN 'unchanged'
            ELSE 'changed'
        END AS status
    FROM found JOIN roster_lines line ON line.id = found.id AND line.import_id = :import_id
    LEFT JOIN members member ON member.id = found.member_id
)
UPDATE roster_lines line
SET organisation_id = settled.organisation_id, member_id = settled.member_id, status = settled.status,
    code = settled.code, reason = settled.reason, question = settled.question, candidates = settled.candidates
FROM settled
WHERE line.id = settled.id AND line.import_id = :import_id AND (
    line.organisation_id, line.member_id, line.status, line.code, line.reason, line.question, line.candidates
) IS DISTINCT FROM (
    settled.organisation_id, settled.member_id, settled.status, settled.code, settled.reason, settled.question,
    settled.candidates
)
""")  # noqa: S608 - put together from the constants above

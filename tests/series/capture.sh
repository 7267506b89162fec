#!/bin/bash
# What an organisation's own cron job does: it asks `gh` about each open pull request and writes what it sees to an
# InfluxDB, as line protocol. Then it tells what an orchestrator did, and what came of it. It knows nothing of us.
set -euo pipefail
: "${INFLUX_HOST:?}" "${INFLUX_TOKEN:?}"
repository=${1:?usage: capture.sh owner/name}
tag=${repository//\//_}

send() { # One line, as curl sends data when nobody says of which type it is, or as plain text.
    curl --silent --show-error --fail-with-body --request POST --header "Authorization: Token $INFLUX_TOKEN" "${@:2}" \
        --data-raw "$1" "$INFLUX_HOST/api/v2/write?org=agentic&bucket=training&precision=ns"
}

hours_since() { echo $((($(date +%s) - $(date --date="$1" +%s)) / 3600)); }

observe() {
    local seen
    seen=$(gh pr view "$1" --repo "$repository" --json \
        number,mergeable,mergeStateStatus,statusCheckRollup,latestReviews,author,createdAt,updatedAt,autoMergeRequest,isDraft)
    ask() { jq --raw-output "$1" <<<"$seen"; }
    fields=(
        "merge_state=\"$(ask '.mergeStateStatus // "UNKNOWN"')\""
        "mergeable=$(ask '.mergeable == "MERGEABLE"')"
        "is_draft=$(ask '.isDraft // false')"
        "checks_total=$(ask '[.statusCheckRollup[]? | select(.name)] | length')i"
        "checks_passing=$(ask '[.statusCheckRollup[]? | select(.conclusion == "SUCCESS")] | length')i"
        "checks_failing=$(ask '[.statusCheckRollup[]? | select(.conclusion == "FAILURE")] | length')i"
        "reviews_approved=$(ask '[.latestReviews[]? | select(.state == "APPROVED")] | length')i"
        "reviews_changes_requested=$(ask '[.latestReviews[]? | select(.state == "CHANGES_REQUESTED")] | length')i"
        "auto_merge_enabled=$(ask '.autoMergeRequest != null')"
        "pr_age_hours=$(hours_since "$(ask .createdAt)")i"
        "last_activity_hours=$(hours_since "$(ask .updatedAt)")i"
    )
    send "pr_observation,repo=$tag,pr=$1,author=$(ask '.author.login // "unknown"') $(
        IFS=,
        echo "${fields[*]}"
    ) $(date +%s%N)" --header "Content-Type: text/plain"
}

acted() { send "action_taken,repo=$tag,pr=$1 action=\"$2\",reason=\"$3\" $(date +%s%N)"; }
ended() { send "outcome,repo=$tag,pr=$1 result=\"$2\",detail=\"$3\",resolution_hours=$4 $(date +%s%N)"; }

for number in $(gh pr list --repo "$repository" --state open --json number --jq '.[].number'); do
    observe "$number"
done
acted 7 wait "auto-merge is on, checks run"
acted 8 request_review_fix "threads are open, attempt 1"
acted 9 resolve_conflict "conflict_attempts >= 2"
ended 7 success "merged by auto-merge" 0.5
ended 8 success "merged after 2 requests" 4.25
ended 9 escalated "nobody could merge it" 72.0

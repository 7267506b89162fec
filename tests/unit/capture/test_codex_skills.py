"""Which skills a shell command reads."""

import pytest

from tallyward.capture._codex_skills import skills_read

SKILL = "/home/ann/.codex/skills/probe-echo/SKILL.md"


@pytest.mark.parametrize(
    "command",
    [
        f"cat {SKILL}",
        f"cat '{SKILL}'",
        f'sed -n "1,200p" "{SKILL}"',
        "cat .agents/skills/probe-echo/SKILL.md",
        "cat skills/.system/probe-echo/SKILL.md",
        f"cd /tmp && head -50 {SKILL} | tail -3",
        f"LANG=C /usr/bin/cat {SKILL}",
        f'bash -lc "cat {SKILL}"',
        f"if true; then cat {SKILL}; fi",
        f"cat < {SKILL}",
        f"cat {SKILL} > /tmp/copy",
        f"cat {SKILL} 2>/dev/null",
        r"Get-Content C:\Users\ann\.codex\skills\probe-echo\SKILL.md",
        "cat '/Users/ann/My Files/skills/probe-echo/SKILL.md'",
        ["bash", "-lc", f"cat {SKILL}"],
        f"cat {SKILL}; cat {SKILL}",
    ],
)
def test_a_read_is_a_use(command):
    assert skills_read(command) == ["probe-echo"]


@pytest.mark.parametrize(
    "command",
    [
        f"cat > {SKILL} <<'EOF'\nname: x\nEOF",
        f"cat <<'EOF' >{SKILL}\nx\nEOF",
        f"tee {SKILL} < /tmp/x",
        f"apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: {SKILL}\nEOF",
        f"cat {SKILL} && apply_patch x",
        f"sed -i s/a/b/ {SKILL}",
        f"git add {SKILL}",
        f"ls {SKILL}",
        f"rg name {SKILL}",
        "cat skills/*/SKILL.md",
        "cat $SKILL/SKILL.md",
        "cat /home/ann/notes/SKILL.md",
        "cat skills/SKILL.md",
        f"echo 'cat' {SKILL}",
        f"cat {SKILL}.bak",
        "",
        "cat",
        None,
        7,
        [],
        [7],
    ],
)
def test_everything_else_is_none(command):
    assert skills_read(command) == []


def test_one_command_may_read_several():
    assert skills_read("cat skills/a/SKILL.md skills/b/SKILL.md && cat skills/c/SKILL.md") == ["a", "b", "c"]


def test_a_command_without_end_is_cut():
    assert len(skills_read("cat " + " ".join(f"skills/s{number}/SKILL.md" for number in range(100_000)))) == 20

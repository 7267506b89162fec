# Starts `tally mcp` of this machine: of the installation that was connected, else of the one on the PATH.
left="${TALLY_HOME:-$HOME/.tally}/hooks/mcp"
[ -r "$left" ] && . "$left"
command -v tally >/dev/null 2>&1 && exec tally mcp
echo "tally: Tallyward is not on this machine. Run \`pip install 'tallyward[mcp]'\`, then \`tally connect claude\`." >&2
exit 127

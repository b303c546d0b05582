# Checks the help text of sub-commands: 'help X' prints what 'X --help' prints, it
# has a usage line, and no line is wider than a terminal.
out=$1
shift
for command in "$@"; do
  modc "$command" --help > "$out.help" || exit 1
  modc help "$command" | diff - "$out.help" || exit 1
  grep -q "^usage: modc $command " "$out.help" || exit 1
  if grep -E '^.{81}' "$out.help"; then
    echo "help text of $command is wider than 80 columns" >&2
    exit 1
  fi
done

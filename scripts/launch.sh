# Sourced by scripts/bin/*, which set $command, $package and $self. POSIX sh.
fail() {
  printf 'error: %s: %s\n' "$1" "$2" >&2
  printf 'hint:  %s\n' "$3" >&2
  exit "$4"
}

launch() {
  case $(uname -s) in
    MINGW* | MSYS* | CYGWIN*) fail config "$command runs on Linux and macOS" 'on Windows, use WSL' 3 ;;
  esac
  version=$(node --version 2>/dev/null) ||
    fail config "$command needs Node 20.19 or newer, and found none" 'install Node, then npm run setup' 3
  numbers=${version#v}
  major=${numbers%%.*} rest=${numbers#*.}
  minor=${rest%%.*}
  if [ "$major" -lt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -lt 19 ]; }; then
    fail config "$command needs Node 20.19 or newer, not ${numbers}" 'install a newer Node, then npm run setup' 3
  fi
  root=$(cd "$(dirname "$self")/../.." && pwd -P)
  file=$root/packages/$package/dist/bin.js
  [ -f "$file" ] || fail config "$command is not built yet" "cd $root && npm run setup" 3
  exec node "$file" "$@"
}

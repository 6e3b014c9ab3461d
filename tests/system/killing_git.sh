#!/bin/sh
# Stands before git in PATH. Kills the process that started it with SIGKILL before or after one git step, once.
# @GIT@ is the real git, @AT@ the step (before:push, after:fast-import), @ONCE@ a file that is gone after the deed.
step=
for word in "$@"; do
    case $word in fetch | cat-file | fast-import | push) step=$word; break ;; esac
done
if [ "@AT@" = "before:$step" ] && rm "@ONCE@" 2>/dev/null; then
    kill -9 "$PPID"
    exit 1
fi
"@GIT@" "$@"
status=$?
if [ "@AT@" = "after:$step" ] && rm "@ONCE@" 2>/dev/null; then
    kill -9 "$PPID"
fi
exit $status

#!/usr/bin/env bash
# Instructions per forwarded packet, which no neighbour on the machine disturbs, beside the baseline of the same cipher.
# callgrind counts inside bench_counted_packets and names what was called: memory or a lock there is a fault. Valgrind
# knows no AVX-512, so on x86 this is ipsec-mb's AVX2 code. `write` keeps the figures.
set -euo pipefail
cd "$(dirname "$0")"

cases=(video-10 video-299 video-299-copying voice-299 voice-299-copying)
# Growth that is reported: less is the compiler's mood, more is ours.
most_percent=5
log=build/callgrind.log
profile=build/callgrind.out
said=build/said.txt
fresh=build/instructions.txt

command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 1; }
: >"$fresh"
failed=0
for name in "${cases[@]}"; do
    valgrind --tool=callgrind --toggle-collect=bench_counted_packets --callgrind-out-file=$profile --log-file=$log \
        build/crelay-bench instructions "$name" >$said
    read -r packets _ cipher <$said
    total=$(sed -n 's/.*Collected : *//p' $log)
    instructions=$((total / packets))
    echo "$name $instructions" >>"$fresh"
    baseline=baselines/${cipher// /-}.txt
    before=$(sed -n "s/^$name //p" "$baseline" 2>/dev/null || true)
    line=$(printf '%-22s %6d' "$name" $instructions)
    if [ -n "$before" ]; then
        line+=$(awk -v now=$instructions -v then="$before" \
            'BEGIN { printf "   baseline %6d   %+5.1f %%", then, 100 * now / then - 100 }')
        if [ $((100 * instructions)) -gt $(((100 + most_percent) * before)) ]; then
            line+="   more than $most_percent % slower"
            failed=1
        fi
    fi
    echo "$line"
    # Only functions that ran while counting are in the profile.
    if grep -E '^c?fn=\([0-9]+\) (malloc|calloc|realloc|free|aligned_alloc|pthread_mutex_lock)\b' $profile; then
        echo "    $name: memory or locks per packet"
        failed=1
    fi
done
echo "    $cipher, instructions per forwarded packet"
if [ "${1:-}" = write ]; then
    mkdir -p baselines
    cp "$fresh" "$baseline"
    exit 0
fi
exit $failed

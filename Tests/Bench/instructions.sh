#!/usr/bin/env bash
# Instructions per forwarded packet, which no neighbour on the machine disturbs, beside the baseline of the same cipher:
#   under callgrind, inside bench_counted_packets: it names what was called (memory or a lock there is a fault), but
#     knows no AVX-512 and gets ipsec-mb's AVX2 code on x86
#   on the processor itself, one step at a time, where that chooses another cipher; with the part spent in the cipher
# `write` keeps the figures.
set -euo pipefail
cd "$(dirname "$0")"

cases=(video-10 video-299 video-299-copying voice-299 voice-299-copying)
# Growth that is reported: less is the compiler's mood, more is ours.
most_percent=5
log=build/callgrind.log
profile=build/callgrind.out
said=build/said.txt
fresh=build/instructions

command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 1; }
rm -rf $fresh
mkdir -p $fresh
failed=0

# A case's figure under a cipher, and what is to be said behind it.
report() {
    local name=$1 now=$2 cipher=$3 remark=${4:-} before line
    local file=${cipher// /-}.txt
    echo "$name $now" >>"$fresh/$file"
    before=$(sed -n "s/^$name //p" "baselines/$file" 2>/dev/null || true)
    line=$(printf '%-22s %6d' "$name" "$now")
    if [ -n "$before" ]; then
        line+=$(awk -v now="$now" -v then="$before" \
            'BEGIN { printf "   baseline %6d   %+5.1f %%", then, 100 * now / then - 100 }')
        if [ $((100 * now)) -gt $(((100 + most_percent) * before)) ]; then
            line+="   more than $most_percent % slower"
            failed=1
        fi
    fi
    echo "$line$remark"
}

for name in "${cases[@]}"; do
    valgrind --tool=callgrind --toggle-collect=bench_counted_packets --callgrind-out-file=$profile --log-file=$log \
        build/crelay-bench instructions "$name" >$said
    read -r packets _ counted_cipher <$said
    report "$name" $(($(sed -n 's/.*Collected : *//p' $log) / packets)) "$counted_cipher"
    # Only functions that ran while counting are in the profile.
    if grep -E '^c?fn=\([0-9]+\) (malloc|calloc|realloc|free|aligned_alloc|pthread_mutex_lock)\b' $profile; then
        echo "    $name: memory or locks per packet"
        failed=1
    fi
done
echo "    $counted_cipher under callgrind, instructions per forwarded packet"
if [ "$(build/crelay-bench cipher)" != "$counted_cipher" ]; then
    for name in "${cases[@]}"; do
        build/crelay-bench steps "$name" >$said
        read -r instructions inside stepped_cipher <$said
        report "$name" "$instructions" "$stepped_cipher" "   of them in the cipher $inside"
    done
    echo "    $stepped_cipher step by step, instructions per forwarded packet"
fi
if [ "${1:-}" = write ]; then
    mkdir -p baselines
    cp $fresh/*.txt baselines/
    exit 0
fi
exit $failed

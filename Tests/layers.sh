#!/usr/bin/env bash
# The rules that keep the layers apart and the sources clean, as greps (docs/architecture.md). Each rule is one line;
# a broken one prints where. Exceptions stand in Tests/layers.allow with their reason.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0

# Lines of allowed exceptions: `path<TAB>text that the line contains<TAB>reason`.
allowed() {
    local path text reason line=$1
    while IFS=$'\t' read -r path text reason; do
        case $path in '#'* | '') continue ;; esac
        [[ $line == "$path:"* && $line == *"$text"* && -n $reason ]] && return 0
    done <Tests/layers.allow
    return 1
}

# Prints path:line:text of every line under PATH… that matches. KIND is what to look at: `text` whole lines of every
# file; `code` lines of Swift and C without comments and strings; `unproved` such lines with no comment above them.
scan() {
    local kind=$1 pattern=$2
    shift 2
    find "$@" -type f \( -name '*.swift' -o -name '*.[ch]' -o -name '*.js' -o -name '*.py' -o -name '*.sh' -o -name '*.md' \
        -o -name '*.yaml' -o -name '*.proto' -o -name Makefile -o -name run \) -not -path '*/build/*' \
        -not -path '*/.build/*' -not -path '*/Generated/*' -not -name layers.sh -print0 2>/dev/null |
        KIND=$kind PATTERN=$pattern xargs -0 -r perl -ne '
            BEGIN { $code = $ENV{KIND} ne "text"; $rule = qr/$ENV{PATTERN}/ }
            my $line = $_;
            if ($code) {
                next unless $ARGV =~ /\.(swift|[ch])$/;
                s/"(\\.|[^"\\])*"/""/g;
                $comment = m{^\s*(//|\*)};
                s{//.*}{};
            }
            if (/$rule/ && !($ENV{KIND} eq "unproved" && $above)) { print "$ARGV:$.:$line" }
            # A declaration may stand between its comment and a line of its own.
            if ($code) { $above = $comment ? 3 : $above ? $above - 1 : 0 }
        } continue { if (eof) { close ARGV; $above = 0 }'
}

# forbid RULE KIND PATTERN PATH…: nothing under PATH may match.
forbid() {
    local rule=$1 line found=0
    shift
    while IFS= read -r line; do
        allowed "$line" && continue
        [ $found -eq 0 ] && echo "✘ $rule"
        found=1
        echo "    $line"
    done < <(scan "$@")
    if [ $found -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# imports RULE PATH ALLOWED: Swift files under PATH import nothing but the modules in the alternation ALLOWED.
imports() {
    forbid "$1" code '^\s*(@\w+(\([^)]*\))?\s+)*((public|package|internal|fileprivate|private)\s+)?import\s+((struct|class|enum|protocol|func|var|let|typealias)\s+)?(?!('"$3"')\b)\w' "$2"
}

core=Sources/CRelay/core
forbid "CRelay/core performs no I/O and reads no clock" text \
    '^\s*#\s*include\s*<(sys/|netinet/|arpa/|net/|time\.h|unistd\.h|stdio\.h|poll\.h|fcntl\.h|pthread\.h|signal\.h|threads\.h)' $core
forbid "CRelay/core calls no clock, no random source, no printf" code \
    '(?<![\w_])(clock_gettime|gettimeofday|time|rand|random|getrandom|printf|fprintf|usleep|nanosleep)\s*\(' $core
forbid "CRelay/core includes nothing of io/" text '#\s*include\s*".*io/' $core
forbid "each crypto library stays behind its seam in CRelay" text \
    '#\s*include\s*<(openssl/|srtp2/|intel-ipsec-mb)' Sources/CRelay
imports "MediaRelay imports no package and no Foundation" Sources/MediaRelay 'CRelay|CCrypto|Synchronization|Glibc|Musl|Darwin|MediaRelay'
imports "Codecs imports no package, no Foundation and no other target of ours" Sources/Codecs 'CCodecs|Codecs'
forbid "libopus and libvpx are known to CCodecs only" text '#\s*include\s*<(opus|vpx)/' Sources/CRelay Sources/CCrypto Sources/CZlib \
    Sources/CCodecs/include
forbid "forwarding needs no codec" code '^\s*(\w+\s+)?import\s+C?Codecs\b' Sources/MediaRelay Sources/Signaling
imports "Spreadsheet imports no package and no Foundation" Sources/Spreadsheet 'CZlib|Glibc|Musl|Darwin|Spreadsheet'
imports "Mail imports NIO and nothing else" Sources/Mail 'NIOCore|NIOPosix|NIOSSL|NIOTLS|Glibc|Musl|Darwin|Mail'
forbid "what messages and exchanges do is pure: NIO is known to the shell only" code '^\s*(\w+\s+)?import\s+NIO' \
    Sources/Mail/M*.swift Sources/Mail/HeaderText.swift Sources/Mail/TransferEncoding.swift Sources/Mail/SMTPExchange.swift \
    Sources/Mail/SMTPReply.swift Sources/Mail/DeliveryError.swift
imports "Directory is values and rules: no package, no Foundation and no other target of ours" Sources/Directory 'Directory'
imports "LiveKitProtocol is generated messages only" Sources/LiveKitProtocol 'SwiftProtobuf|Foundation'
imports "Scheduling is calendar arithmetic: it knows no meeting, no HTTP and no store" Sources/Scheduling 'Foundation'
forbid "Scheduling reads files in one place and no clock" code \
    '\b(FileHandle|FileManager|URL\(|Data\(contentsOf|Date\(\)|(Date|Clock|Instant)\w*\.now\b|\.random\()' Sources/Scheduling
imports "Booking is values and rules: calendar, directory and SHA-256, no store, no HTTP, no Foundation" Sources/Booking \
    'Booking|Crypto|Directory|Scheduling'
imports "WeChat is what is said to WeChat and WeCom: no network, no store, no other target of ours" Sources/WeChat 'Crypto|CryptoExtras|Foundation|WeChat'
forbid "WeChat opens no connection, reads no clock and draws no random number" code \
    '\b(URLSession|FileManager|FileHandle|Data\(contentsOf|Date\(\)|(Date|Clock|Instant)\w*\.now\b|ContinuousClock|SystemRandomNumberGenerator|\.random\(|IV\(\))' \
    Sources/WeChat
imports "WebClient is the page only" Sources/WebClient 'Foundation'
imports "Signaling reaches the relay through MediaRelay, never CRelay or CCrypto" Sources/Signaling '(?!CRelay\b|CCrypto\b|WebClient\b|hutong\b)\w+'
imports "hutong reaches the packet core through MediaRelay" Sources/hutong '(?!CRelay\b)\w+'
imports "nothing of the load test is in the server" Sources '(?!CLoad\b|hutong_load\b|Histogram\b)\w+'
imports "the load test is a client: it knows nothing of the server above MediaRelay" loadtest '(?!Signaling\b|WebClient\b|hutong\b|CCrypto\b)\w+'
forbid "the meeting's state, bookings and the directory are pure: no clock, no random source, no await" code \
    '\b(await\b|Date\(\)|(Date|Clock|Instant|DispatchTime)\w*\.now\b|ContinuousClock|SystemRandomNumberGenerator|\.random\((?!.*\busing:)|Task\s*[{(])' \
    Sources/Signaling/Meeting/MeetingState* Sources/Booking Sources/Directory

forbid "routes of /api/v1 stand in the table that the OpenAPI document is made from" text \
    'router\.(get|post|put|patch|delete|head|on)\(\s*"/?api/v1' Sources/Signaling

forbid "no try!, as!, or crash on purpose" code '\b(try!|as!)|\b(fatalError|preconditionFailure|assertionFailure)\(' Sources loadtest
# A name or a closing bracket, an exclamation mark, and then something that goes on with the value.
forbid "no force unwrap" code '[\w\])]!(?=[.\[\s,):]|$)(?!\s*=)' Sources/MediaRelay Sources/Signaling \
    Sources/Booking Sources/Codecs Sources/Directory Sources/Mail Sources/Scheduling Sources/Spreadsheet Sources/WeChat \
    Sources/WebClient/WebPage.swift Sources/hutong loadtest
forbid "nothing unsafe without a sentence of proof above it" unproved '(@unchecked Sendable|nonisolated\(unsafe\))' Sources loadtest
forbid "no shell and no child process" code '\b(system|popen|execve?|posix_spawn)\s*\(|\bProcess\(' Sources
forbid "nothing left for later" text '\b(TODO|FIXME|XXX|HACK)\b' Sources loadtest Tests docs Makefile README.md
forbid "no path of somebody's machine" text '(?<![\w.])/(root|work|home|Users)/\w' Sources loadtest Tests docs Makefile README.md hutong.example.yaml .ci
forbid "tests end only what they started" text '\b(pkill|killall)\b' Sources Tests loadtest docs Makefile .ci

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

#!/bin/sh
# The sample client of the JMQT guide, by the command line alone: subscribes for good, publishes the time, and prints
# what it is pushed.
#
#   sh examples/sample_client.sh [ADDRESS [NAME]]
#
# `rialto` must be in the PATH. It connects, and subscribes, again by itself.

export RIALTO_SERVER="${1:-jmqt://127.0.0.1:8010}"
name="${2:-shclient1}"
channel=mychannel

# What is pushed, one line each.
rialto sub --client "$name" --persistent --format json "$channel" &
subscriber=$!
pause=
trap 'kill $subscriber $pause 2>/dev/null; exit 0' INT TERM

while kill -0 $subscriber 2>/dev/null; do
    rialto pub --client "$name-publisher" --qos 1 --retain "$channel" "$(date -u +%FT%TZ)" && echo "published on '$channel'"
    sleep 10 &
    pause=$!
    wait $pause
done

# What people, and the program that watches the serial console, get to see: as the text frontend of Debian's
# installer prints it. Sourced.

log() {
	echo "$(date '+%b %e %H:%M:%S') installer: $*" >>/var/log/syslog
}

# begin TITLE, at PERCENT..., finished: one line "TITLE  ... 0%... 50%... 100%".
begin() {
	printf '%s  ... 0%%' "$1"
	log "$1"
	echo 0 >/run/progress
}

at() {
	[ "$1" -gt "$(cat /run/progress)" ] || return 0
	printf '... %s%%' "$1"
	echo "$1" >/run/progress
}

finished() {
	at 100
	echo
	rm /run/progress
}

# Ends a line of progress that will see no more.
progress_broken() {
	[ ! -e /run/progress ] || echo
	rm -f /run/progress
}

# question NAME TEXT: an unattended installation has no user to answer, so this waits for ever. The prompt is the
# last that the console shows, without a newline.
question() {
	progress_broken
	log "question $1: $2"
	printf '\n[!!] %s\n\n%s\n  1: Continue [*]\n\n' "$1" "$2"
	printf "Prompt: '?' for help, default=1> "
	while :; do sleep 3600; done
}

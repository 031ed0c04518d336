# Kernel arguments and the answer file. Sourced. Each answer is kept as a file below /run/answers.

# argument NAME: the value of the kernel argument NAME=VALUE, empty without it; the last one counts.
argument() {
	tr ' ' '\n' </proc/cmdline | sed -n "s|^$1=||p" | tail -n 1
}

answer() {
	cat "/run/answers/$1" 2>/dev/null
}

# The table of questions, without comments: NAME TYPE DEFAULT.
known_questions() {
	grep -v '^#' /usr/share/installer/questions
}

store() {
	mkdir -p "/run/answers/${1%/*}"
	printf '%s' "$2" >"/run/answers/$1"
}

# read_answers FILE: a question that is not in the table, or a line without sense, stops the installation, because
# an ignored answer would be worse.
read_answers() {
	known_questions | while read -r name _ default; do
		[ "$default" = '<required>' ] || store "$name" "$default"
	done

	# A backslash at the end of a line continues it.
	sed -e ':more' -e '/\\$/ { N; s/\\\n//; b more' -e '}' "$1" >/run/answer-file
	while read -r owner name type value; do
		case $owner in '' | '#'*) continue ;; esac
		declared=$(known_questions | awk -v name="$name" '$1 == name { print $2 }')
		if [ -z "$declared" ]; then
			question "${name:-$owner}" "The answer file answers a question that this installer does not ask: ${name:-$owner}"
		elif [ "$declared" != "$type" ]; then
			question "$name" "The answer to $name is of type $declared, not '$type'."
		elif [ "$type" = boolean ] && [ "$value" != true ] && [ "$value" != false ]; then
			question "$name" "The answer to $name must be true or false, not '$value'."
		fi
		store "$name" "$value"
	done </run/answer-file
	rm /run/answer-file

	for name in $(known_questions | awk '$3 == "<required>" { print $1 }'); do
		[ -n "$(answer "$name")" ] || question "$name" "The answer file has no answer to $name."
	done
}

# must_match QUESTION EXTENDED-REGEX EXPLANATION
must_match() {
	value=$(answer "$1")
	echo "$value" | grep -Eqx -e "$2" || question "$1" "The answer to $1 is not usable: $3"
}

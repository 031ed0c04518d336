import { impliedCommand, quoted, valueOptions, type Candidates, type CompletedCommand } from './candidates.js';

/** A script for bash 4.4 and later; it does not need the package bash-completion. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const named = (name: string) => (name === impliedCommand ? `''|${name}` : name);
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap((option) =>
      option.value
        ? option.names.map((spelt) => [pattern(name, spelt), completing(option.value as Candidates)] as const)
        : [],
    ),
  );
  const flags = commands.map(({ name, options }) => [
    named(name),
    offer(options.flatMap(({ names }) => names.filter((spelt) => spelt.startsWith('--')))),
  ]);
  const args = commands.map(({ name, argument }) => [name, argument ? completing(argument) : ':']);
  return `# bash completion of image-factory
_image_factory_offer() {
	local word
	for word; do
		[[ $word == "$cur"* ]] && printf -v word %q "$word" && COMPREPLY+=("$word")
	done
}

# Names of images, with their flavors, of groups or of flavors
_image_factory_offer_names() {
	local names
	mapfile -t names < <(image-factory list --names "$1" "\${config[@]}" 2>/dev/null)
	# readline splits IMAGE@FLAVOR before the sign.
	for word in "\${names[@]}"; do
		[[ ! $image || $word == "$image@"* ]] && _image_factory_offer "\${word#"$image"}"
	done
}

_image_factory() {
	local command='' word at is_value='' is_over='' config=()
	local commands=(${commands.map(({ name }) => name).join(' ')})
	local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} image=''
	# readline splits --option=value at the sign.
	if [[ $cur == = ]]; then
		cur=''
	elif [[ $prev == = ]]; then
		prev=\${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $cur == @ ]]; then
		image=$prev
	elif [[ $prev == @ ]]; then
		image=\${COMP_WORDS[COMP_CWORD - 2]} cur=@$cur
	fi
	for ((at = 1; at < COMP_CWORD; at++)); do
		word=\${COMP_WORDS[at]}
		[[ $word == = ]] && is_value=\${is_value:-yes} && continue
		if [[ $is_value ]]; then
			[[ $is_value == config ]] && config=(--config "\${word/#\\~\\//$HOME/}")
			is_value=''
			continue
		fi
		case $word in
			--) is_over=yes; break ;;
			--config) is_value=config ;;
			${valueOptions(commands)
        .filter((name) => name !== '--config')
        .join('|')}) is_value=yes ;;
			-*) ;;
			*) [[ ! $command && " \${commands[*]} " == *" $word "* ]] && command=$word; [[ $command ]] || command=${impliedCommand} ;;
		esac
	done
	COMPREPLY=()
	if [[ ! $is_over ]]; then
		case $command:$prev in
${branches(values, 3)}
		esac
	fi
	if [[ $cur == -* && ! $is_over ]]; then
		case $command in
${branches(flags, 3)}
		esac
	else
		case $command in
			'') _image_factory_offer "\${commands[@]}"; _image_factory_offer_names images ;;
${branches(args, 3)}
		esac
	fi
}

complete -F _image_factory image-factory
`;
}

function pattern(command: string, option: string): string {
  return command === impliedCommand ? `:${option}|${command}:${option}` : `${command}:${option}`;
}

/** readline completes file names itself; it handles `~` and blanks. */
function completing(candidates: Candidates): string {
  switch (candidates.kind) {
    case 'words':
      return offer(candidates.words);
    case 'words-or-file':
      return `compopt -o default; ${offer(candidates.words)}`;
    case 'image-or-file':
      return `compopt -o default; _image_factory_offer_names images; ${offer(candidates.words)}`;
    case 'beginnings':
      return `compopt -o nospace; ${offer(candidates.words)}`;
    case 'words-or-group':
      return `_image_factory_offer_names groups; ${offer(candidates.words)}`;
    case 'image':
      return '_image_factory_offer_names images; return';
    case 'flavor':
      return '_image_factory_offer_names flavors; return';
    case 'command':
      return '_image_factory_offer "${commands[@]}"; return';
    case 'file':
      return 'compopt -o default; return';
    case 'directory':
      return 'compopt -o dirnames; return';
    case 'text':
      return 'return';
  }
}

function offer(words: readonly string[]): string {
  return `_image_factory_offer ${words.map(quoted).join(' ')}; return`;
}

function branches(cases: readonly (readonly (string | undefined)[])[], depth: number): string {
  const byAction = new Map<string, string[]>();
  for (const [when = '', action = ''] of cases) byAction.set(action, [...(byAction.get(action) ?? []), when]);
  return [...byAction].map(([action, whens]) => `${'\t'.repeat(depth)}${whens.join('|')}) ${action} ;;`).join('\n');
}

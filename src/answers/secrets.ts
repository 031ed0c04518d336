/** How answer files of each kind set a password; the last group is its value. */
const settings = [
  // Hashes as crypt(5) writes them, wherever they stand.
  /(\$(?:1|2[abxy]|5|6|7|y|gy)\$[^\s"'<\\]+)/g,
  // preseed: OWNER QUESTION TYPE VALUE
  /^\s*\S+[ \t]+\S*passw\S*[ \t]+(?:password|string)[ \t]+(\S.*)$/gim,
  // Kickstart
  /^\s*(?:rootpw|sshpw)\b(?:[ \t]+--\S+)*[ \t]+"?([^\s"]+)/gim,
  /--(?:password|passphrase)[= \t]+"?([^\s"]+)/gi,
  // AutoYaST
  /<\w*passw\w*[^>]*>([^<]+)</gi,
  // YAML, JSON
  /^\s*(?:- )?["']?\w*(?:password|passwd|passphrase)\w*["']?[ \t]*:[ \t]*["']?([^\s"',]+)/gim,
];

/** The passwords and hashes in an answer file, which may hold more of them than the section knows. */
export function secretsIn(answerFile: string): string[] {
  return settings.flatMap((setting) => [...answerFile.matchAll(setting)].flatMap(([, value]) => value ?? []));
}

# Reads the index Packages; prints "NAME FILE SIZE SHA256" for every package in `wanted` and all that they depend on,
# those first that others need. A name that is not in the index is printed as "? NAME".
BEGIN { RS = ""; FS = "\n" }

{
	name = ""
	for (i = 1; i <= NF; i++) {
		if (split($i, field, ": ") < 2) continue
		value = substr($i, length(field[1]) + 3)
		if (field[1] == "Package") name = value
		else if (field[1] == "Depends") depends[name] = value
		else if (field[1] == "Filename") file[name] = value
		else if (field[1] == "Size") size[name] = value
		else if (field[1] == "SHA256") sha256[name] = value
	}
}

function visit(name,    needs, count, i) {
	if (name in seen) return
	seen[name] = 1
	count = split(depends[name], needs, /, */)
	for (i = 1; i <= count; i++) visit(needs[i])
	print (name in file) ? name " " file[name] " " size[name] " " sha256[name] : "? " name
}

END {
	total = split(wanted, first, / +/)
	for (n = 1; n <= total; n++) if (first[n] != "") visit(first[n])
}

/**
 * What asks dnf's own library: https://dnf.readthedocs.io/en/latest/api.html. It reads a JSON object from its standard input and
 * writes another one. It knows no installed packages and needs no rights; what it writes lies in the directories that it is given.
 */
export const solveScript = `
import json, logging, os, re, sys
import dnf, dnf.exceptions

asked = json.load(sys.stdin)
base = dnf.Base()
conf = base.conf
for name in ('cachedir', 'persistdir', 'logdir', 'installroot'):
    setattr(conf, name, asked[name])
conf.reposdir = []
conf.plugins = False
conf.config_file_path = os.devnull
conf.install_weak_deps = asked['recommends']
conf.best = True
conf.gpgcheck = False
conf.zchunk = False
conf.module_platform_id = asked['platform']
for name in ('arch', 'basearch', 'releasever'):
    conf.substitutions[name] = asked[name]
for number, each in enumerate(asked['repositories']):
    repo = base.repos.add_new_repo(each['id'], conf, baseurl=[each['url']])
    repo.skip_if_unavailable = False
    # A copy is never older than 0 seconds in its first one, and the signature is that of now.
    repo._repo.expire()
    repo.proxy = asked['proxy'] or None

class Logged(logging.Handler):
    # What servers answered, which the library tells its log alone.
    answers = set()
    def emit(self, record):
        self.answers.update(line[4:] for line in record.getMessage().split('\\n') if line.startswith('  - '))

logged = Logged(logging.WARNING)
logging.getLogger('dnf').addHandler(logged)

def tell(result):
    json.dump(result, sys.stdout)
    sys.exit(0)

def read(path):
    with open(path, 'rb') as file:
        return file.read().decode('utf-8', 'surrogateescape')

try:
    base.fill_sack(load_system_repo=False)
except dnf.exceptions.Error as error:
    tell({'unreadable': [str(error)] + sorted(logged.answers)})

repositories = []
for each in asked['repositories']:
    repo = base.repos[each['id']]
    signature = None
    try:
        with base.urlopen(each['url'] + '/repodata/repomd.xml.asc', repo=repo, mode='w+b') as file:
            signature = file.read().decode('ascii', 'replace')
    except Exception:
        pass
    repomd = read(os.path.join(repo._repo.getCachedir(), 'repodata', 'repomd.xml'))
    repositories.append({'id': repo.id, 'repomd': repomd, 'signature': signature})

kept = asked['kept']
if asked['files']:
    base.add_remote_rpms(asked['files'], strict=False)
for each in kept:
    query = base.sack.query().available().filterm(name=each['name'], arch=each['arch'])
    same = query.filter(evr=each['evr'])
    if same:
        base.sack.add_excludes(query.difference(same))

recorded = [name for name in asked['recorded'] if base.sack.query().available().filterm(name=name)]
try:
    base.install_specs(sorted(asked['packages'] + recorded), exclude=asked['excluded'])
    base.resolve()
except dnf.exceptions.MarkingErrors as error:
    unknown = list(error.no_match_pkg_specs) + list(error.no_match_group_specs) + list(getattr(error, 'module_depsolv_errors', None) or [])
    names = sorted({package.name for package in base.sack.query()})
    tell({'repositories': repositories, 'unknown': [str(each) for each in unknown], 'names': names, 'problems': str(error).split('\\n')})
except dnf.exceptions.Error as error:
    tell({'repositories': repositories, 'unknown': [], 'names': [], 'problems': str(error).split('\\n')})

chosen = sorted(base.transaction.install_set)
components, lacking = set(), []
for wanted in asked['components']:
    found = base.sack.query().available().filterm(provides=wanted)
    if found:
        components.add(max(found))
    else:
        lacking.append(wanted)
if lacking:
    tell({'repositories': repositories, 'unknown': lacking, 'names': [], 'problems': []})
inside = base.sack.query().filterm(pkg=chosen)

def providers(relations):
    found = []
    for relation in relations:
        try:
            names = sorted({package.name for package in inside.filter(provides=relation)})
        except Exception:
            names = []
        if names:
            found.append(names)
    return found

def told(package):
    kind, digest = package.returnIdSum() or ('', '')
    epoch = '' if package.epoch == 0 else str(package.epoch) + ':'
    return {
        'name': package.name,
        'evr': epoch + package.version + '-' + package.release,
        'arch': package.arch,
        'source': package.sourcerpm or None,
        'repository': package.reponame,
        'path': package.location,
        'size': package.downloadsize,
        'sum': digest if kind == 'sha256' else None,
        'depends': providers(package.requires),
        'recommends': providers(package.recommends),
    }

tell({
    'repositories': repositories,
    'packages': [told(each) for each in chosen],
    'recorded': recorded,
    'components': [told(each) for each in sorted(components - set(chosen))],
})
`;

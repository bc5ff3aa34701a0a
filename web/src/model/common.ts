/*
 * common.ts - what people think of first, commonest first: for the estimate
 * of how easily a passphrase is guessed.
 */
const PASSWORDS = `password passwort passwd pass qwerty qwertz azerty admin administrator root user
login welcome willkommen letmein iloveyou ichliebedich monkey dragon football fussball baseball
basketball soccer master superman batman spiderman shadow sunshine princess princesse flower hello
hallo hola bonjour charlie freedom whatever trustno secret geheim test demo guest gast changeme
default access internet computer server service system camera kamera cam house home maison casa
haus garden garten door window kitchen security sicherheit private personal family familie mama
papa mother father brother sister baby love amor amour liebe angel engel god gott jesus jordan
killer hunter ranger cowboy pepper ginger cookie chocolate cheese banana apple orange lemon cherry
coffee whiskey summer winter spring autumn sommer herbst monday tuesday wednesday thursday friday
saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag january february march
april june july august september october november december januar februar maerz juni juli oktober
dezember london paris berlin madrid roma rome vienna wien zurich newyork america germany
deutschland france england espana italia china russia arsenal chelsea liverpool barcelona bayern
madrid juventus mustang ferrari porsche mercedes bmw audi toyota harley yamaha corvette silver
golden gold diamond purple yellow green blue black white red schwarz weiss star starwars matrix
pokemon pikachu naruto minecraft fortnite samsung google facebook twitter youtube amazon apple
microsoft windows linux eaves eavesd hub correct horse battery staple thunder lightning storm
rainbow phoenix tiger lion eagle bear wolf dog cat kitty puppy hund katze fish bird snake horse
pferd butterfly dolphin turtle elephant rabbit happy lucky magic music guitar piano dance party
king queen prince boss chief captain doctor money cash dollar euro bitcoin crypto power energy
super mega ultra turbo nice cool sexy hot cold hello123 abc qwe asd zxc yxcv`;

const NAMES = `michael thomas andreas peter stefan christian martin daniel david alex alexander
robert james john william richard joseph charles george paul mark kevin brian steven andrew joshua
matthew anthony ryan jason justin brandon eric jack oliver harry noah liam lucas leon luca finn
elias jonas felix max maximilian moritz julian tim tom ben sam adam jose juan carlos luis antonio
manuel miguel marco mario luigi giuseppe francesco pierre jean jacques louis nicolas hans klaus
wolfgang juergen maria anna emma mia sophia sofia hannah lena lea laura julia sarah sara lisa
michelle jennifer jessica ashley amanda nicole melissa stephanie elizabeth mary patricia linda
barbara susan karen nancy betty helen sandra claudia petra sabine monika andrea birgit susanne
katharina christine martina elena carmen isabel lucia marie camille chloe manon olivia amelia
emily grace ella ava charlotte sophie clara ida frieda mohammed ahmed ali fatima yusuf omar ivan
olga natasha dmitri vladimir svetlana wei li chen wang yuki hiro sakura priya raj`;

export function commonRanks(): Map<string, number> {
  const ranks = new Map<string, number>();
  const add = (list: string, from: number) => {
    for (const w of list.split(/\s+/)) if (!ranks.has(w)) ranks.set(w, from + ranks.size);
  };
  add(PASSWORDS, 1);
  add(NAMES, 1);
  return ranks;
}

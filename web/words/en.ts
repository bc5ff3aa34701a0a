/*
 * en.ts - every word that a person reads. Functions take what varies.
 */
import type { Lack } from '../src/app/can';
import type { Problem } from '../src/app/state';
import type { Gap } from '../src/model/ledger';
import type { FilmProblem, Hole } from '../src/player/film_messages';
import type { Weakness } from '../src/model/strength';

const problems: Record<Problem, string> = {
  gone: 'The server does not answer. Check the connection, then try again.',
  later: 'The server cannot do that right now. Try again in a moment.',
  slow_down: 'Too many tries. Wait a minute, then try again.',
  wrong: 'Name and passphrase do not fit together.',
  link: 'This link has been used or is older than 15 minutes. Run “eaves link” on the hub for a new one.',
  hub: 'What answered is not the hub that printed this link. Nothing was sent to it. Make a new link on the hub.',
  owner: 'Only an owner of the home can let another hub in. Open the link in an owner’s browser.',
  taken: 'Somebody has that name already.',
  code: 'There is a slip in the code. Compare it with your paper once more.',
  codeOld: 'This code is not valid any more. A newer one has replaced it.',
  nameOther: 'The code is right, but it belongs to another name.',
  trust: 'What the server says about your home is not signed as it should be. Eaves does not use it.',
  ended: 'This sign-in has ended. Please sign in again.',
  removed: 'You are no member of this home any more. Ask its owner.',
  unknown: 'Something went wrong. Reload the page and try again.',
};

const lacks: Record<Lack, string> = {
  secure: 'The address must begin with https://, or be localhost on the same machine.',
  keys: 'It cannot make the keys that seal your pictures (X25519 and Ed25519).',
  video: 'It cannot decode video in the page (WebCodecs).',
  h264: 'It cannot play H.264, which cameras send.',
  canvas: 'It cannot draw pictures in the background.',
  storage: 'It cannot keep keys.',
};

const weak: Record<Weakness, string> = {
  short: 'Too short.',
  common: 'Mostly words that everybody tries first.',
  own: 'Mostly your own name or your home’s.',
  date: 'Mostly a date.',
  run: 'Mostly a run of neighbours, such as abc or 123.',
  walk: 'Mostly a walk across the keyboard.',
  repeat: 'Mostly the same thing again and again.',
  word: 'Too few words.',
  plain: 'Too short.',
};

const reasons = [
  '', 'There is no way to its address.', 'Nothing answers at its address.',
  'It refuses the user name or the password.', 'It knows no such path.',
  'It sends a format that no browser plays.', 'It takes too long to answer.',
  'It closed the connection.', 'What answers at its address is no camera.',
  'It offers no H.264 video.', 'It points to another address.', 'It sends more than is allowed.',
  'Its file cannot be read.', 'Its process does not start.',
  'It does not do what it was asked.', 'It is not plugged in.', 'Another program uses it.',
  'The hub may not open it: its user has to be in the group “video”.',
  'What is plugged in there is no camera.', 'It offers no format that Eaves understands.',
];

const causes: Record<Gap['cause'], string> = {
  camera: 'The camera gave no pictures.',
  hub: 'The hub was off.',
  away: 'The server was away.',
  slow: 'The way to the server was too slow.',
  disk: 'The server’s disk was full or too slow.',
  server: 'The server does not give out what it was given.',
  gone: 'Older than what is kept.',
  silent: 'The hub has not said anything since.',
};
const goneEarly = 'Let go early: the server says that it had no room.';

const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/* "8 s", "3 min", "2 h", "4 days" */
function span(s: number): string {
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 129_600) return `${Math.round(s / 3600)} h`;
  return plural(Math.round(s / 86_400), 'day', 'days');
}

/* "1 h 2 min", "1 min 30 s", "12 s" */
function length(s: number): string {
  const all = Math.max(0, Math.round(s));
  const parts = [[Math.floor(all / 3600), 'h'], [Math.floor(all / 60) % 60, 'min'], [all % 60, 's']] as const;
  return parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`).join(' ') || '0 s';
}

/* "800 KB", "48 MB", "1.2 GB" */
function size(octets: number): string {
  if (octets < 1e6) return `${Math.max(1, Math.round(octets / 1e3))} KB`;
  if (octets < 1e9) return `${Math.round(octets / 1e6)} MB`;
  return `${(octets / 1e9).toFixed(octets < 9.5e9 ? 1 : 0)} GB`;
}

const filmProblems: Record<FilmProblem, string> = {
  none: 'Nothing was recorded there.',
  big: 'The film became larger than it may be. Choose a shorter time.',
  disk: 'The file could not be written. Is the disk full?',
  form: 'The camera sent pictures of a form that no film can be made of.',
  many: 'The pictures change their form too often for one film. Choose a shorter time.',
  unknown: 'The film could not be made. Try again.',
};

const h265Where = 'Safari usually plays it, Chrome and Edge on many newer devices.';

export const words = {
  product: 'Eaves',
  problems,
  common: {
    back: 'Back', go: 'Continue', show: 'Show',
    hide: 'Hide', close: 'Close', loading: 'Opening…',
    skip: 'Skip to the content',
  },
  cannot: {
    title: 'This browser cannot show Eaves',
    lead: 'Your pictures are opened here, in the browser, and nowhere else. For that it lacks something:',
    lacks,
    which: 'Tried with every version of Eaves:',
    list: ['Chromium 156', 'Firefox ESR 153', 'WebKitGTK 2.50'],
    others: 'Others should work when they have WebCodecs with H.264, and X25519 and Ed25519 in WebCrypto.',
  },
  gone: {
    title: 'The server does not answer',
    lead: 'Eaves keeps trying. Nothing is lost: your keys are in this browser.',
    trying: 'Trying again…',
  },
  fresh: {
    title: 'Nobody lives here yet',
    lead: 'When eaves-hub starts beside your cameras, it prints a link. Open that link in this browser.',
    again: 'The link works once and for 15 minutes. “eaves link” prints another one.',
  },
  trust: {
    title: 'Trust this server on this device',
    lead: 'Eaves made a certificate for your own network. Devices learn once that it is yours.',
    where: 'The file is called ca.crt. On the machine that runs Eaves it lies in the folder .config/eaves/lan-… of the person who started it. Carry it to this device yourself, by cable, by stick or by a mail to yourself.',
    list: [
      ['iPhone, iPad', 'Open the file, install the profile in Settings, then switch it on under General, About, Certificate Trust Settings.'],
      ['Android', 'Settings, Security, Encryption and credentials, Install a certificate, CA certificate.'],
      ['Windows', 'Open the file, Install Certificate, Local Machine, Trusted Root Certification Authorities.'],
      ['Mac', 'Open the file; in Keychain Access open the entry and choose Always Trust.'],
      ['Firefox', 'Settings, Privacy & Security, View Certificates, Authorities, Import.'],
      ['Chrome on Linux', 'Settings, Privacy and security, Security, Manage certificates, Import.'],
    ] as [string, string][],
    narrow: 'It counts for the names and addresses of your own network only.',
    go: 'Open Eaves',
  },
  badLink: { title: 'This link does not work' },
  welcome: {
    title: 'Welcome home',
    lead: 'Pictures are sealed in your house and opened only with your passphrase. The server that carries them cannot look.',
    step: (n: number) => `Step ${n} of 3`,
    name: 'Your name',
    nameHint: 'You sign in with it.',
    home: 'What do you call your home?',
    homeDefault: 'Home',
    passTitle: 'Your passphrase',
    passLead: 'Five words made up by chance. Write them down now: nobody can look them up for you.',
    pass: 'Passphrase',
    passHint: 'Take these words, or type your own.',
    other: 'Other words',
    create: 'Create my home',
    creating: 'Making your keys…',
    strong: 'Good: not to be guessed.',
    weak: (w: Weakness) => `${weak[w]} This could be guessed; add a word or two that do not belong together.`,
  },
  code: {
    title: 'Your recovery code',
    lead: 'If you forget the passphrase, this code is the only way back. Write it on paper and keep it away from your devices.',
    newLead: 'This is your new code. The one before it is not valid any more.',
    copy: 'Copy', copied: 'Copied', save: 'Save as a file',
    file: 'eaves-recovery-code.txt',
    fileText: (code: string) => `Eaves recovery code\n\n${code}\n\nKeep it on paper, away from your devices.\n`,
    confirm: 'Type the last four characters of the code',
    wrong: 'These are not the last four characters.',
    done: 'I have written it down',
  },
  signin: {
    title: 'Welcome back',
    name: 'Name', pass: 'Passphrase', go: 'Sign in', going: 'Opening…',
    forgot: 'I forgot my passphrase',
    linkWaits: 'Sign in to finish with the link that you opened.',
  },
  forgot: {
    title: 'Back in with your code',
    lead: 'You need the recovery code that you wrote down when you began.',
    name: 'Your name', code: 'Recovery code',
    codeHint: 'Seven groups of four. Capitals and gaps do not matter.',
    passTitle: 'A new passphrase',
    go: 'Set it and sign in', going: 'Making your keys…',
  },
  pairing: {
    title: 'Meeting your hub',
    found: 'Found the hub that printed the link',
    asked: 'Waiting for the hub’s answer',
    keys: (part: number) => `Making keys for the next 90 days: ${Math.round(part * 100)} %`,
    keysNext: 'Keys for the next 90 days',
    keysDone: 'Made keys for the next 90 days',
    written: 'The hub belongs to your home',
    failed: 'The hub is not part of your home yet',
    retry: 'Try again',
  },
  home: {
    cameras: 'Cameras',
    live: 'Live', goLive: 'Back to live', past: 'Recorded',
    gap: 'Nothing was recorded here', gapLead: 'Below it says why. Play goes on behind it.',
    cannotOpen: 'Your home cannot be opened',
    noCamera: 'No camera yet',
    noCameraLead: 'Your hub looks for cameras on its network, or takes an address.',
    picture: (name: string) => `Picture of ${name}`,
    play: 'Play', pause: 'Pause', full: 'Full screen', fullEnd: 'Leave full screen',
    sound: 'Sound', volume: 'Volume',
    soundOn: 'Switch the sound on (m)', soundOff: 'Switch the sound off (m)',
    soundNone: 'There is no sound here',
    soundSpeed: 'Sound is heard at normal speed only',
    soundDeaf: 'This browser cannot play this camera’s sound',
    verified: 'Verified',
    verifiedHint: 'Signed by your hub: nobody changed, left out or repeated a picture.',
    unverified: 'Not verified yet',
    latency: (ms: number, error: number) => `${Math.round(ms)} ± ${Math.max(1, Math.round(error))} ms`,
    latencyHint: 'From the hub to this screen, measured',
    old: (s: number) => `Old picture: ${span(s)}`,
    oldWord: 'Old picture',
    latencyShort: (ms: number) => `${Math.max(0, Math.round(ms))} ms`,
    slow: (s: number) => `Now and then: ${span(s)}`,
    slowWord: 'A picture now and then',
    slowHint: 'This device cannot decode all pictures at once. It shows some of them.',
    waiting: 'Waiting for the first picture',
    connecting: 'Connecting…',
    offline: 'The camera is offline',
    offlineLead: 'The picture comes back by itself.',
    hubGone: 'The hub is not connected to the server.',
    reasons,
    gone: 'The server does not answer',
    goneRetry: (s: number) => (s < 1 ? 'Trying again…' : `Trying again in ${Math.ceil(s)} s`),
    retryNow: 'Try now',
    shut: 'Does not open',
    shutLead: 'This picture was not sealed for your home, or was changed on its way.',
    unmarked: 'Not shown: no signature',
    unmarkedLead: 'For three seconds no signature of your hub has come with the pictures.',
    false: 'Not shown: wrong signature',
    falseLead: 'Somebody changed, left out or repeated pictures on their way.',
    unplayable: 'Cannot be played here',
    unplayableLead: 'This browser does not decode what the camera sends.',
    h265: `Recorded in full size as H.265, which this browser does not play: you see the small picture. ${h265Where}`,
    h265Alone: `The camera sends H.265. It is recorded, but not played here. ${h265Where} Or set the camera to H.264.`,
    mainUnplayable: 'Recorded in full size in a form that this browser does not play: you see the small picture.',
    neverSet: 'The hub’s clock was never set: times may be wrong.',
    fork: 'There are two histories of your home. The server shows this browser another one than your hub. Do not trust what you see; ask who runs the server.',
    codeOwed: 'Your recovery code was shown, but you did not say that you wrote it down.',
    codeOwedGo: 'Make a new one',
    left: 'A part is missing: what your hub signed shows that it sent more. It was lost on the way, or the server keeps it back. The timeline shows where.',
    stale: 'The hub has not confirmed these pictures for a while. The server may be holding newer ones back.',
  },
  grid: {
    title: 'All cameras',
    back: 'Look back',
    page: (n: number, of: number) => `${n} of ${of}`,
    pageBefore: 'The cameras before', pageNext: 'More cameras',
    together: 'On one clock',
    togetherLead: (most: number) => `Up to ${most} cameras move together. The timeline shows the one that you choose.`,
    choose: 'Cameras on one clock',
    lead: (name: string, state: string) => `${name}: ${state}. Show its timeline`,
  },
  add: {
    open: 'Add a camera',
    titles: {
      how: 'Add a camera', found: 'What your hub found', login: 'Sign in to the camera',
      name: 'This is what it sees',
    },
    lead: 'Your hub looks on your network for cameras that speak ONVIF, as most do, and for webcams in its own machine. Nothing is sent outside your house.',
    look: 'Look for cameras', looking: 'Looking, 5 seconds…', or: 'or',
    address: 'Address of the camera',
    addressHint: 'For example 192.168.1.20, or rtsp://192.168.1.20/stream',
    noAddress: 'That is no address. It may be a number such as 192.168.1.20, a name, or begin with rtsp://',
    none: 'No camera was found. Is it on the same network as the hub, or plugged in there? You can type the address of one on the network instead.',
    webcam: (name: string) => `Webcam: ${name}`, here: 'On the hub’s machine', noSound: 'A webcam is recorded without sound.',
    shut: (names: string[], why: string) => `${names.length > 1 ? 'Video devices' : 'A video device'} of the hub’s machine (${names.join(', ')}) cannot be looked at. ${why}`,
    nameless: 'Camera',
    loginLead: 'The name and password that the camera itself asks for. Only your hub and people who run your home can read them.',
    user: 'User name of the camera', password: 'Password of the camera',
    show: 'Show its picture', trying: 'Waiting for a picture…',
    noHub: 'The hub does not answer. Is it running?',
    noPicture: 'The camera answers, but no picture came.',
    noVideo: 'The camera offers no video that can be kept.',
    small: (size: string) => `small picture ${size}`,
    picture: 'What the camera sees now',
    h265: 'This camera sends H.265: it is recorded, but most browsers cannot play it. Set it to H.264 if you can.',
    h265Sub: 'Its big picture is H.265. That one is recorded; a browser that does not play it shows the small one.',
    name: 'Name', nameHint: 'For example Front door. Only your household can read it.',
    sound: 'Record sound', take: 'Add this camera',
  },
  time: {
    label: 'Time', loading: 'Looking up what is recorded…',
    dayBefore: 'The day before', dayNext: 'The next day', today: 'Today', yesterday: 'Yesterday',
    zoomIn: 'Closer', zoomOut: 'Farther', stepBack: 'One picture back', stepOn: 'One picture on',
    speed: 'Speed', nextGap: 'Next gap', day: 'Go to a day',
    moved: (n: number) => plural(n, 'movement', 'movements'),
    movedFor: (s: number) => `for ${span(s)}`, howMuch: 'How much moved',
    keys: 'Keys',
    keyList: [
      [['←', '→'], 'a second back or on'], [['↓', '↑'], 'ten seconds'],
      [['Page ↓', 'Page ↑'], 'ten minutes'], [['Space'], 'play or pause'],
      [[',', '.'], 'a picture back or on'], [['<', '>'], 'slower or faster'],
      [['n'], 'next gap'], [['m', 'Shift m'], 'next movement, the one before'],
      [['+', '−'], 'closer or farther'], [['[', ']'], 'a day back or on'],
      [['Home'], 'begin of the day'], [['End'], 'live'],
    ] as [string[], string][],
    whole: 'Nothing is missing here.',
    missing: (n: number, s: number) => `${plural(n, 'gap', 'gaps')}, ${span(s)} missing`,
    gaps: 'What is missing of this day',
    long: span,
    unread: 'The server did not say what is recorded.',
    unconfirmed: 'Not confirmed: the server shows no word of the hub on what is newest.',
    confirmed: (time: string) => `Confirmed by the hub until ${time}.`,
    cause: (g: Gap) => {
      if (g.cause === 'gone' && g.state === 1) return goneEarly;
      return g.cause === 'camera' ? reasons[g.state] || causes.camera : causes[g.cause];
    },
  },
  film: {
    open: 'Export', openBusy: (part: number) => `Export: ${Math.round(part * 100)} %`,
    title: 'Export as a film', after: 'Your export', running: 'Exporting…', ready: 'The export is ready.',
    from: 'From', to: 'To', fromHandle: 'Begin of the export', toHandle: 'End of the export',
    cameras: 'Cameras, a film each',
    sound: 'With sound, if there is any',
    make: (n: number) => (n > 1 ? `Make ${n} films` : 'Make the film'),
    length, about: (octets: number) => `about ${size(octets)}`,
    order: 'The end must come after the beginning.',
    long: 'A film holds 6 hours at most. Choose a shorter time.',
    noCamera: 'Choose a camera.',
    nothing: 'Nothing was recorded there.',
    tooBig: 'That is more than this browser can keep in its memory, about 1 GB. Choose a shorter time, or use Chrome or Edge on a computer, which write films to a file as they come.',
    kept: (s: number) => `Only ${length(s)} of it are recorded.`,
    missing: (s: number, cause: string) => `${length(s)} missing: ${cause}`,
    cause: (h: Hole): string => (
      h.cause === 'unsigned' ? 'What came was not signed by your hub, and stays out.'
      : h.cause === 'before' ? 'The camera was not there yet, or its hub was off.'
      : h.cause === 'codec' ? 'The camera changed between H.264 and H.265. Export that part by itself.'
      : h.cause === 'recent' ? 'It is not written down yet.'
      : words.time.cause({ ...h, cause: h.cause })),
    progress: (name: string) => `Progress of ${name}`,
    part: (part: number, octets: number) => `${Math.round(part * 100)} %, ${size(octets)}`,
    next: 'Comes next', stop: 'Cancel', stopped: 'Canceled. Nothing was kept.', hide: 'Hide', another: 'Another export',
    waiting: 'The connection is lost. The export goes on by itself when it is back.',
    made: (day: string, from: string, to: string, pictures: number, octets: number) =>
      `${day}, ${from} – ${to}. ${pictures.toLocaleString()} pictures, all signed by your hub. ${size(octets)}.`,
    h265: `It is H.265, as the camera sent it. ${h265Where} The free player VLC plays it, too.`,
    torn: '“eaves verify” will say where pictures are missing.',
    save: 'Save', written: 'Saved where you chose.',
    proof: 'Whoever gets this film can check that no picture was changed or taken out. They need no account and no network:',
    words: 'It prints five words. These are your hub’s:',
    problems: filmProblems,
    snapshot: 'Save this picture',
  },
  watched: {
    title: 'Who has watched', show: 'Show',
    lead: 'Every app writes down, signed and sealed, that somebody is going to look, before it plays. Of the last 7 days.',
    live: (camera: string) => `watched ${camera} live`,
    past: (camera: string, day: string, from: string, to: string) =>
      `looked at ${camera} as it was: ${day}, ${from === to ? from : `${from} to ${to}`}`,
    gone: 'a camera that is gone',
    nobody: 'Nobody has in the last 7 days.',
    false: (n: number) => `${plural(n, 'entry does', 'entries do')} not open, or no member signed them.`,
  },
  keep: {
    title: 'Recordings', open: 'Look', lead: 'How much your home keeps, and what it keeps for ever.',
    settings: (name: string) => `Settings of ${name}`,
    loading: 'Asking the server…', retry: 'Try again',
    cannot: 'The server does not say what it keeps. The connection may be gone.',
    name: 'Name', save: 'Save', saved: 'Saved.',
    long: 'How long it is kept',
    about: (days: number) =>
      (days < 1 ? 'Keeps less than a day' : `Keeps about ${plural(Math.round(days), 'day', 'days')}`),
    by: {
      days: 'Then the oldest goes.',
      octets: 'Then the gigabytes below are full, and the oldest goes.',
      home: 'Then your home’s room is full, and the oldest goes.',
    },
    has: (gb: number) => `${size(gb * 1e9)} are there now.`,
    days: 'Days', daysWrong: 'A number from 1 to 3650.',
    size: 'Gigabytes at most', sizeHint: 'Empty: as much as the home has.', sizeWrong: 'At least 0.1, or empty.',
    early: 'The server let go of recordings that it should still have. Ask who runs it.',
    soundHint: 'From now on; what is recorded stays as it is.',
    remove: 'Remove this camera', removeLead: 'Nothing new is recorded. What is there goes with its days.',
    removeSure: (name: string) => `Remove ${name}? Its recordings cannot be looked at afterwards.`,
    removeYes: 'Yes, remove it', removeNo: 'Keep it', removed: 'a camera that was removed',
    removedWhere: 'What is locked of a removed camera stays on the server, sealed, but no screen shows it any more. Unlock it to let it go.',
    usedOf: (gb: number, most: number) => `${size(gb * 1e9)} of ${size(most * 1e9)} are used`,
    lockedOf: (gb: number, most: number) => `${size(gb * 1e9)} are locked; ${size(most * 1e9)} may be`,
    quota: 'Gigabytes for this home', quotaHint: 'Empty: as much as the server gives.',
    quotaWrong: 'At least 0.5, or empty.',
    locks: 'Kept for ever', unlock: 'Unlock', unlockYes: 'Yes, unlock',
    unlockOne: (when: string) => `Unlock ${when}`,
    unlockSure: 'It goes as soon as it is older than what is kept.',
    lockOpen: 'Keep', lockTitle: 'Keep this for ever',
    lockLead: 'It stays until somebody unlocks it.',
    from: 'From', to: 'To', lock: 'Keep it', cancel: 'Cancel', order: '“From” must be before “To”.',
    limit: 'That is more than may be locked: half of your home’s room. Unlock something, or take a shorter stretch.',
    nothing: 'Nothing is recorded there.',
    denied: 'You may not change that. Ask the owner of your home.',
  },
  account: {
    title: 'Account', home: 'Home', open: 'Account',
    you: 'Signed in as',
    sessions: 'Where you are signed in',
    sessionsLead: 'The list is sealed; your passphrase opens it.',
    sessionsOpen: 'Show',
    here: 'this browser', end: 'End', ended: 'Ended',
    since: (day: string) => `since ${day}`,
    endOne: (label: string) => `End the session of ${label}`,
    passphrase: 'Passphrase', change: 'Change it', changed: 'The new passphrase holds from now on.',
    now: 'Passphrase now', next: 'New passphrase',
    code: 'Recovery code', codeLead: 'A new code replaces the one that you have.',
    codeNew: 'Make a new one',
    out: 'Sign out', outLead: 'This browser forgets its keys.',
    version: 'Version',
  },
};
export type Words = typeof words;

const hm = new Map<string, Intl.DateTimeFormat>();
const long = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

/* Of a day counted from 1970. */
export function dayText(day: number): string {
  return long.format(day * 86_400_000);
}

function zoned(zone: string, kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = `${zone} ${kind}`;
  let f = hm.get(name);
  if (!f) {
    try {
      f = new Intl.DateTimeFormat(undefined, { ...options, timeZone: zone });
    } catch {
      f = new Intl.DateTimeFormat(undefined, options);
    }
    hm.set(name, f);
  }
  return f;
}

/* A time of day in the home's zone, with or without seconds. */
export function clockText(us: number, zone: string, seconds: boolean): string {
  return zoned(zone, seconds ? 's' : 'm', { timeStyle: seconds ? 'medium' : 'short' }).format(us / 1000);
}

/* "Today", "Yesterday", or the date; all by when the day began. */
export function dayName(begin: number, today: number, zone: string): string {
  const days = Math.round((today - begin) / 86_400_000_000);
  if (days === 0) return words.time.today;
  if (days === 1) return words.time.yesterday;
  return zoned(zone, 'd', { weekday: 'short', day: 'numeric', month: 'long' })
    .format(begin / 1000 + 43_200_000);
}

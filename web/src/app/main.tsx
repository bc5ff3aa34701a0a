/*
 * main.tsx - first of all the link's secret leaves the address bar; then the
 * page is drawn.
 */
import { render } from 'preact';
import { linkParse } from '../model/pair';
import { BadLink, Cannot, Fresh, Gone, Loading, Trust, Welcome } from '../view/begin';
import { Code } from '../view/code';
import { Forgot, SignIn } from '../view/enter';
import { Home } from '../view/home';
import { useStore } from '../view/store';
import { start } from './flow';
import { serviceWorkerFile } from './workers';

const fragment = location.hash;
if (fragment.startsWith('#pair=')) history.replaceState(null, '', location.pathname);

function App() {
  const screen = useStore((s) => s.screen);
  if (location.pathname === '/trust') return <Trust />;
  switch (screen.at) {
    case 'loading': return <Loading />;
    case 'cannot': return <Cannot lacks={screen.lacks} />;
    case 'gone': return <Gone />;
    case 'new': return <Fresh />;
    case 'badLink': return <BadLink problem={screen.problem} />;
    case 'welcome': return <Welcome />;
    case 'code': return <Code code={screen.code} fresh={screen.fresh} />;
    case 'signin': return <SignIn problem={screen.problem} />;
    case 'forgot': return <Forgot />;
    case 'home': return <Home />;
  }
}

/* Another link into this very tab. */
addEventListener('hashchange', () => {
  const link = linkParse(location.hash);
  if (!link) return;
  history.replaceState(null, '', location.pathname);
  void start(link);
});

render(<App />, document.getElementById('app')!);
if (location.pathname !== '/trust') void start(linkParse(fragment));
if ('serviceWorker' in navigator && isSecureContext)
  navigator.serviceWorker.register(serviceWorkerFile()).catch(() => undefined);

// SPDX-License-Identifier: MIT
// main: the beginning of the page.
import { createRoot } from 'react-dom/client';
import '@kit/base.css';
import '@kit/parts.css';
import './styles/frame.css';
import './styles/pages.css';
import { App } from './App.tsx';

createRoot(document.getElementById('root')!).render(<App />);

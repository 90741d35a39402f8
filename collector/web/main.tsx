import { render } from 'preact';
import { Page } from './page.js';

const root = document.querySelector('#page');
if (root === null) throw new Error('index.html has no element #page.');
render(<Page />, root);

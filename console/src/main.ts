import './design/base.css';
import { mount } from 'svelte';
import Console from './app/Console.svelte';

const target = document.getElementById('console');
if (target === null) throw new Error('the page has no place for the console');
mount(Console, { target });

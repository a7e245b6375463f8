import { begin } from './begin';
import { tauri } from './lib/api/tauri';

begin(tauri);

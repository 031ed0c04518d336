import { serve } from '../sandbox/worker.js';
import { workOn } from './work-on.js';

// The process that works in trees, in namespaces of its own: started by call-worker.ts.
await serve(workOn);

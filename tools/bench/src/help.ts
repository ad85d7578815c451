import { benchmarkModels, gpuModels } from './inference/benchmark-models.ts';
import { measurements } from './inference/measurements/index.ts';

const rows = (entries: readonly { readonly name: string; readonly title: string }[]): string =>
  entries.map(({ name, title }) => `    ${name.padEnd(22)} ${title}`).join('\n');

export const HELP = `npm run bench -- inference                 measure the inference service against its bars; exits 1 where one is missed

  --only <id,id>             these measurements only:
${rows(measurements.map(({ id, title }) => ({ name: id, title })))}
  --quick                    a minute instead of half an hour: shows that everything works, its figures are noise,
                             bars do not decide, and they go to out/bench/inference-quick.json
  --providers <cuda,cpu>     devices that gpu-models is measured on, each by itself: cpu, cuda, cuda:<number>; one that
                             is not available is a failure, never replaced; default: the first GPU, and without one
                             gpu-models is left out unless --only names it
  --peer <host:port>         measure an Open Inference Protocol server beside ours; it must hold the models that it is to
                             be measured with, by our names:
${rows([...benchmarkModels, ...gpuModels])}
  --peer-model <ours>=<its>  its name of a model, where it is not ours; may be given again
  --write-models <folder>    write the models there in Triton's layout, for a peer to serve, and measure nothing; those
                             of gpu-models for the first of --providers, else the CPU

Needs h2load (Debian: nghttp2-client). Everything but a peer runs on this machine: leave it alone meanwhile.
Results: out/bench/inference.json.`;

import { existsSync, globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Inputs of one call of a model, and the outputs that are due: files with a serialised TensorProto each. */
export interface DataSet {
  /** In the order of the model's inputs. */
  readonly inputs: readonly string[];
  /** In the order of the model's outputs. */
  readonly outputs: readonly string[];
}

/** A model of the ONNX project's backend tests. */
export interface OnnxCase {
  /** Folder and test, e.g. `node/test_add`. */
  readonly name: string;
  readonly modelFile: string;
  readonly dataSets: readonly DataSet[];
}

/** Every model below `root` that has data, ordered by name. Undefined where `root` is not there. */
export function findCases(root: string): readonly OnnxCase[] | undefined {
  if (!existsSync(root)) return undefined;
  const models = globSync('*/test_*/model.onnx', { cwd: root }).sort();
  return models.map((model) => caseOf(root, join(root, model)));
}

function caseOf(root: string, modelFile: string): OnnxCase {
  const folder = dirname(modelFile);
  const sets = globSync('test_data_set_*', { cwd: folder }).sort();
  return {
    name: relative(root, folder),
    modelFile,
    dataSets: sets.map((set) => ({
      inputs: numbered(join(folder, set), 'input'),
      outputs: numbered(join(folder, set), 'output'),
    })),
  };
}

function numbered(folder: string, kind: 'input' | 'output'): string[] {
  const files = globSync(`${kind}_*.pb`, { cwd: folder });
  const numberOf = (file: string) => Number(/_(\d+)\.pb$/.exec(file)?.[1]);
  return files.sort((a, b) => numberOf(a) - numberOf(b)).map((file) => join(folder, file));
}

/** The case's name as a model's: without slashes. */
export function modelNameOf({ name }: OnnxCase): string {
  return name.replaceAll('/', '-');
}

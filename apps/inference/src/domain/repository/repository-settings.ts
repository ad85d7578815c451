/** The settings that decide which models of a folder are served. */
export interface RepositorySettings {
  readonly modelRepository: string | undefined;
  readonly modelControlMode: 'none' | 'poll' | 'explicit';
  readonly loadModels: string;
}

/** The names in LOAD_MODELS. */
export function modelsToLoad({ loadModels }: Pick<RepositorySettings, 'loadModels'>): string[] {
  return loadModels.split(',').flatMap((name) => name.trim() || []);
}

/** What is wrong with the settings taken together, one sentence each: a setting without effect misleads. */
export function repositoryProblems(settings: RepositorySettings): readonly string[] {
  const { modelRepository, modelControlMode } = settings;
  const problems: string[] = [];
  if (modelRepository?.includes('://') === true) {
    problems.push(
      `MODEL_REPOSITORY="${modelRepository}" is no folder of this machine: mount it (mountpoint-s3, gcsfuse, rclone mount ` +
        'or a volume of the cluster) and name the folder, or copy it here first',
    );
  }
  if (modelRepository === undefined && modelControlMode !== 'none') {
    problems.push(`MODEL_CONTROL_MODE="${modelControlMode}" has no effect without MODEL_REPOSITORY`);
  }
  if (modelsToLoad(settings).length > 0 && modelControlMode !== 'explicit') {
    problems.push('LOAD_MODELS has no effect without MODEL_CONTROL_MODE=explicit');
  }
  return problems;
}

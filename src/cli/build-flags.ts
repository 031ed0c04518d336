/** What the command line says of a build beyond the options of the section. */
export interface BuildFlags {
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly upload: boolean;
  readonly wait?: boolean;
  readonly resume?: boolean;
  readonly failFast?: boolean;
  readonly logFormat: 'text' | 'json';
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  /** Options of the section, by the option's name in camel case. */
  readonly [option: string]: string | boolean | undefined;
}

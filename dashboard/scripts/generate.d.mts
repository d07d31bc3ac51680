export function generateTypes(schemaText: string): Promise<string>;

// What the rules ask about a file, answered from its syntax tree rather than by searching its text.
import ts from 'typescript'
import type { SourceFile } from './source.ts'

export interface Import {
  readonly specifier: string
  readonly isTypeOnly: boolean
  readonly names: readonly string[]
}

export function parse({ path, text }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
}

/** Static and dynamic imports, re-exports, and types spelt as `import('…')`. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    const one = importAt(node)
    if (one !== undefined) found.push(one)
    ts.forEachChild(node, visit)
  }
  visit(parse(file))
  return found
}

function importAt(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause
    const bindings = clause?.namedBindings
    const elements = bindings && ts.isNamedImports(bindings) ? [...bindings.elements] : []
    const onlyTypes = elements.length > 0 && elements.every((element) => element.isTypeOnly)
    return {
      specifier: node.moduleSpecifier.text,
      isTypeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || onlyTypes,
      names: elements.map((element) => (element.propertyName ?? element.name).text),
    }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    if (!ts.isStringLiteral(node.moduleSpecifier)) return undefined
    return { specifier: node.moduleSpecifier.text, isTypeOnly: node.isTypeOnly, names: [] }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments
    if (argument === undefined || !ts.isStringLiteralLike(argument)) return undefined
    return { specifier: argument.text, isTypeOnly: false, names: [] }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    const { literal } = node.argument
    if (!ts.isStringLiteral(literal)) return undefined
    return { specifier: literal.text, isTypeOnly: true, names: [] }
  }
  return undefined
}

/** Names from `banned` that the file uses as globals, bare or through `globalThis`. */
export function globalsUsed(file: SourceFile, banned: ReadonlySet<string>): string[] {
  const used = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && banned.has(node.text) && isReference(node)) used.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(parse(file))
  return [...used]
}

/** False for the name of a property or member, which is somebody's own word. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (node.text === 'Date' && isCalendarOnly(parent)) return false
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return ts.isIdentifier(parent.expression) && parent.expression.text === 'globalThis'
  }
  if (ts.isQualifiedName(parent)) return parent.left === node
  if (ts.isBindingElement(parent)) return parent.propertyName !== node
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false
  const isMember =
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isGetAccessor(parent) ||
    ts.isSetAccessor(parent) ||
    ts.isEnumMember(parent)
  return !(isMember && parent.name === node)
}

/** `Date.UTC(2030, 0)` and `new Date(ms)` compute a date; only the others look at a clock. */
function isCalendarOnly(parent: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(parent)) return /^(?:UTC|parse)$/.test(parent.name.text)
  return ts.isNewExpression(parent) && (parent.arguments?.length ?? 0) > 0
}

/** True when the file declares an async function or awaits anything. */
export function hasAsync(file: SourceFile): boolean {
  const visit = (node: ts.Node): boolean =>
    node.kind === ts.SyntaxKind.AsyncKeyword ||
    ts.isAwaitExpression(node) ||
    (ts.forEachChild(node, (child) => visit(child) || undefined) ?? false)
  return visit(parse(file))
}

/** True when the file reads `process.env`, in any of its spellings. */
export function readsEnvironment(file: SourceFile): boolean {
  const visit = (node: ts.Node): boolean =>
    (ts.isPropertyAccessExpression(node) &&
      node.name.text === 'env' &&
      /(?:^|\.)process$/.test(node.expression.getText())) ||
    (ts.isImportSpecifier(node) &&
      (node.propertyName ?? node.name).text === 'env' &&
      /["'](?:node:)?process["']/.test(node.parent.parent.parent.getText())) ||
    (ts.forEachChild(node, (child) => visit(child) || undefined) ?? false)
  return visit(parse(file))
}

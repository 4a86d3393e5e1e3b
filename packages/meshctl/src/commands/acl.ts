import type { Command } from 'commander'
import { addLocalRule, listLocalRules, removeLocalRules } from '../acl/local-rules.js'
import { addRule, listRules, removeRules } from '../acl/registry-rules.js'
import type { RuleOptions } from '../acl/rule-options.js'
import { testRule } from '../acl/test-rule.js'
import type { Act, Define } from '../program.js'
import { helpEnd } from '../usage.js'

export const defineAcl: Define = (command, act) => {
  command
    .description('Says which agent may call which capability of which other. The default is deny.')
    .usage('allow|deny|list|remove|test [options]')
    .helpOption('-h, --help', 'show this')
    .helpCommand(false)
  defineChange(command, act, 'allow')
  defineChange(command, act, 'deny')
  defineList(command, act)
  defineRemove(command, act)
  defineTest(command, act)
  command.addHelpText(
    'after',
    helpEnd(
      [
        'meshctl acl allow --from alice --to bob --capability echo',
        "meshctl acl deny --from '*' --to bob --capability 'admin.*' --local",
        'meshctl acl list',
      ],
      { 4: 'you are not logged in', 5: 'no such agent or rule' },
    ),
  )
}

const effects = {
  allow: 'Lets one agent call a capability of another; ends when the daemons know.',
  deny: 'Forbids it, whatever else is allowed; ends when the daemons know.',
} as const

function defineChange(parent: Command, act: Act, effect: 'allow' | 'deny'): void {
  withRuleOptions(parent.command(effect))
    .summary(effect === 'allow' ? 'let an agent call another' : 'forbid it')
    .description(effects[effect])
    .action(
      act((invocation, options: RuleOptions) =>
        options.local === true
          ? addLocalRule(invocation, effect, options)
          : addRule(invocation, effect, options),
      ),
    )
    .addHelpText(
      'after',
      helpEnd(
        [
          `meshctl acl ${effect} --from alice --to bob --capability echo`,
          `meshctl acl ${effect} --from '*' --to bob --capability 'calendar.*'`,
        ],
        { 4: 'you are not logged in', 5: 'no such agent' },
      ),
    )
}

function defineList(parent: Command, act: Act): void {
  withRuleOptions(parent.command('list'))
    .summary('show the rules')
    .description("Shows the registry's rules, or this machine's.")
    .action(
      act((invocation, options: RuleOptions) =>
        options.local === true ? listLocalRules(invocation) : listRules(invocation, options),
      ),
    )
    .addHelpText('after', helpEnd(['meshctl acl list', 'meshctl acl list --local --json'], {}))
}

function defineRemove(parent: Command, act: Act): void {
  withRuleOptions(parent.command('remove'))
    .summary('take a rule back')
    .description('Removes a rule, by its number or by what it says; ends when the daemons know.')
    .argument('[rule]', 'the number that acl list shows')
    .action(
      act((invocation, options: RuleOptions, operands) =>
        options.local === true
          ? removeLocalRules(invocation, operands[0], options)
          : removeRules(invocation, operands[0], options),
      ),
    )
    .addHelpText(
      'after',
      helpEnd(
        ['meshctl acl remove 3', 'meshctl acl remove --from alice --to bob --capability echo'],
        { 5: 'no such rule' },
      ),
    )
}

function defineTest(parent: Command, act: Act): void {
  parent
    .command('test')
    .helpOption('-h, --help', 'show this')
    .summary('say whether a call would be allowed, and by which rule')
    .description('Says whether a call would be allowed, and which rule decides; calls nobody.')
    .option('--from <agent>', 'the caller: an id or a name')
    .option('--to <agent>', 'the callee: an id or a name')
    .option('--capability <c>', 'what would be asked for')
    .action(act((invocation, options: RuleOptions) => testRule(invocation, options)))
    .addHelpText(
      'after',
      helpEnd(['meshctl acl test --from alice --to bob --capability echo'], {
        5: 'no such agent',
        6: 'it would be denied',
      }),
    )
}

function withRuleOptions(command: Command): Command {
  return command
    .helpOption('-h, --help', 'show this')
    .option('--from <agent>', "the caller: an id, a name, or '*'")
    .option('--to <agent>', "the callee: an id, a name, or '*'")
    .option('--capability <c>', "a capability, 'prefix.*', or '*'")
    .option('--local', "this machine's rules.toml instead of the registry")
}

process.stderr.write('error: internal: this command is not written yet\n')
process.exitCode = 1

import type { Clock } from '@agent-mesh/core'
import type { Handlers } from '../app.js'
import type { LoginDesk } from '../login/login.js'

export function loginRoutes(desk: LoginDesk, clock: Clock): Pick<Handlers, 'login' | 'whoami'> {
  return {
    login: ({ body, address }) => desk.login({ ...body, address }, clock.wall()),
    whoami: ({ viewer }) => viewer.login,
  }
}

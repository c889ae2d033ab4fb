import { CREDENTIAL_VARIABLES } from '@internal/contract'
import { expect, test } from 'vitest'
import { programEnvironment } from '../src/command/program-environment.ts'
import { createTestItem } from '../src/testing.ts'

test.each(CREDENTIAL_VARIABLES)('%s, which leads to the password, is not passed to the program', (name) => {
  const environment = programEnvironment(createTestItem('a'), { [name]: 'secret', MINE: 'kept' })
  expect(environment).not.toHaveProperty(name)
  expect(environment).toMatchObject({ MINE: 'kept' })
})
